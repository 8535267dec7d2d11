"""Drawer: size, lesions, the presence of disease, and what a task found."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from browser.actions import LARGEST_MM, SMALLEST_MM, Actions
from browser.page.parts import button, figures, icon_button, percent_bar, section


def size_section(actions: Actions) -> None:
    """The longest diameter of the selected lesion, or of what is placed next."""
    with section("Size", "mdi-diameter-variant", shown="takes_clicks && case_name") as heading:
        with heading:
            html.Span(
                "{{ size_text || (size_auto ? 'the model finds it' : Number(size_mm).toFixed(1) + ' mm') }}",
                classes="number",
                style="margin-left: auto; text-transform: none;",
                raw_attrs=['data-test="size"'],
            )
        with html.Div(title=("why.size || 'Longest diameter: drag, press + or -, or turn the wheel with Shift'",)):
            v3.VSlider(
                model_value=("size_mm",),
                update_modelValue=(actions.set_size, "[$event]"),
                min=SMALLEST_MM,
                max=("Math.max(60, Math.ceil(size_mm / 30) * 30)",),
                step=0.5,
                disabled=("!!why.size",),
                color="primary",
                density="compact",
                hide_details=True,
                raw_attrs=['aria-label="Longest diameter, mm"'],
            )
        v3.VSwitch(
            v_model=("size_auto",),
            label="The model finds the size of the next one",
            density="compact",
            hide_details=True,
            color="primary",
            title=f"Off: the next lesion gets the size above, up to {LARGEST_MM:.0f} mm. A drag always gives its own.",
        )


def lesions_section(actions: Actions) -> None:
    """The lesions, with what was measured."""
    flow = actions.workflow
    with section("Lesions", "mdi-target-variant", shown="case_name") as heading:
        with heading:
            v3.VSpacer()
            icon_button("mdi-undo", flow.undo, "Undo (Ctrl+Z)", why="why.undo")
            icon_button("mdi-redo", flow.redo, "Redo (Ctrl+Y)", why="why.redo")
        with html.Div(classes="rows"):
            _lesion_rows(actions)
        html.Div(
            "{{ why.mark || 'None yet: click in a lesion in any of the three planes.' }}",
            v_if="!lesions.length",
            classes="faint wrap",
        )
        with html.Div(v_for="pair in presence", key="pair[0]", classes="d-flex align-center ga-1 mt-1"):
            html.Span("{{ pair[0] }} in this case", classes="flex-grow-1 faint")
            for text, value in (("Yes", "yes"), ("No", "no")):
                button(
                    text,
                    (flow.set_presence, f"[pair[0], {str(value == 'yes').lower()}]"),
                    why="why.case",
                    hint=f"{text}: say it of the whole case",
                    color=(f"pair[1] == '{value}' ? 'primary' : undefined",),
                )


def _lesion_rows(actions: Actions) -> None:
    with html.Div(
        v_for="one in lesions",
        key="one.id",
        classes=("'row' + (one.selected ? ' on' : '')",),
        click=(actions.select, "[one.id]"),
        title=("one.message || ('Go to ' + one.name)",),
        raw_attrs=[':data-lesion="one.id"'],
    ):
        html.Div(classes="dot", style=("{ background: one.colour }",), v_if="!one.busy")
        v3.VProgressCircular(v_if="one.busy", indeterminate=True, size=14, width=2)
        v3.VIcon(icon=("one.mark",), size="x-small")
        with html.Div(classes="grow"):
            html.Span("{{ one.name }}")
            html.Span(" {{ one.diameter }}", classes="number ml-1")
            html.Div(
                "{{ one.failed ? one.message : [one.volume, one.certainty && 'certainty ' + one.certainty].filter(x => x)"
                ".join(', ') }}",
                classes=("one.failed ? 'faint wrap text-error' : 'faint'",),
            )
        icon_button(
            "mdi-refresh", (actions.workflow.run_again, "[one.id]"), "Ask again", v_if="one.failed && !one.busy"
        )
        icon_button("mdi-magnify-plus-outline", (actions.look_close, "[one.id]"), "Look close (Z)")
        icon_button(
            ("one.frozen ? 'mdi-lock' : 'mdi-lock-open-variant-outline'",),
            (actions.toggle_frozen, "[one.id]"),
            "Freeze, or take up again (F)",
        )
        icon_button(
            "mdi-delete-outline",
            (actions.delete, "[one.id]"),
            "Delete",
            why="one.frozen ? 'Frozen: take it up again first' : ''",
        )


def findings_section(actions: Actions) -> None:
    """Candidates, class scores and other figures of the last run."""
    flow = actions.workflow
    with section("Candidates", "mdi-magnify-scan", shown="candidates.length"):
        with html.Div(classes="d-flex align-center ga-1 mb-1"):
            icon_button("mdi-chevron-left", flow.previous_candidate, "Previous ([)")
            icon_button("mdi-chevron-right", flow.next_candidate, "Next (])")
            html.Span("{{ undecided }} to decide", classes="flex-grow-1 faint")
            button(
                "Accept",
                flow.accept_candidate,
                icon="mdi-check",
                why="why.candidates",
                hint="Accept (A)",
                color="success",
            )
            button(
                "Reject",
                flow.reject_candidate,
                icon="mdi-close",
                why="why.candidates",
                hint="Reject (R)",
                color="error",
            )
        with (
            html.Div(classes="rows"),
            html.Div(v_for="one in candidates", key="one.number", classes=("'row' + (one.current ? ' on' : '')",)),
        ):
            v3.VIcon(
                icon=(
                    "{accepted: 'mdi-check-circle', rejected: 'mdi-close-circle'}[one.decision] || 'mdi-help-circle'",
                ),
                color=("{accepted: 'success', rejected: 'error'}[one.decision]",),
                size="small",
            )
            html.Span("{{ one.number }}. {{ one.text }}", classes="grow number")
            percent_bar("one.confidence")
            html.Span("{{ one.confidence.toFixed(0) }} %", classes="number")
    with section("Result", "mdi-chart-bar", shown="scores.length || figures.length"):
        with html.Div(v_for="one in scores", key="one.name", classes="d-flex align-center ga-2"):
            html.Span("{{ one.name }}", classes=("one.best ? 'flex-grow-1 font-weight-bold' : 'flex-grow-1'",))
            percent_bar("one.percent")
            html.Span("{{ one.percent.toFixed(1) }} %", classes="number")
        figures("figures")
