"""Drawer: the heat map, training and the versions of the model."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from browser.actions import Actions
from browser.page.parts import button, figures, icon_button, section


def heat_section(actions: Actions) -> None:
    """Where the model saw it: over the slices, and as surfaces in 3D."""
    flow = actions.workflow
    with section("Heat map", "mdi-heat-wave", shown="case_name") as heading:
        with heading:
            v3.VSpacer()
            icon_button(
                ("heat_visible ? 'mdi-eye' : 'mdi-eye-off-outline'",),
                actions.toggle_heat,
                "Heat map on and off (H)",
                why="why.heat",
                size="small",
            )
        with html.Div(classes="d-flex align-center ga-2 mb-1", v_if="explanations.length"):
            v3.VSelect(
                model_value=("explanations.some((one) => one.value == method) ? method : explanations[0].value",),
                update_modelValue="method = $event",
                items=("explanations",),
                density="compact",
                variant="outlined",
                hide_details=True,
            )
            button("Explain", actions.explain, icon="mdi-help", why="why.explain", hint="What in the image made it so")
        html.Div("{{ why.heat }}", v_if="why.heat", classes="faint wrap")
        with v3.Template(v_if="!why.heat"):
            v3.VSelect(
                model_value=("heat_name || heats[heats.length - 1]",),
                update_modelValue=(flow.show_heat, "[$event]"),
                items=("heats",),
                density="compact",
                variant="outlined",
                hide_details=True,
                v_if="heats.length > 1",
            )
            for name, label in (("heat_opacity", "Opacity"), ("heat_threshold", "From")):
                v3.VSlider(
                    v_model=(name,),
                    label=label,
                    min=0,
                    max=1,
                    step=0.05,
                    disabled=("!!why.shown_heat",),
                    density="compact",
                    hide_details=True,
                    color="primary",
                    title=("why.shown_heat",),
                )
            v3.VSwitch(
                model_value=("heat_volume",),
                update_modelValue=(flow.show_heat_volume, "[$event]"),
                label="As a volume in 3D (slow)",
                disabled=("!!why.shown_heat",),
                density="compact",
                hide_details=True,
                color="primary",
                title=("why.shown_heat",),
            )


def model_section(actions: Actions) -> None:
    """Training, and which version answers."""
    flow = actions.workflow
    with section("Model", "mdi-school-outline", shown="connection == 'ready' && task"):
        with html.Div(classes="d-flex align-center ga-2", v_if="!training || !training.running"):
            v3.VTextField(
                v_model=("epochs",),
                label="Epochs (the task's own number)",
                type="number",
                min=1,
                density="compact",
                variant="outlined",
                hide_details=True,
            )
            button("Train", actions.train, icon="mdi-play", why="why.train", hint="Train on the submitted labels")
        _training(actions)
        with (
            html.Div(classes="rows mt-2"),
            html.Div(v_for="one in versions", key="one.version", classes="row", style="cursor: default"),
        ):
            v3.VIcon(
                icon=("one.current ? 'mdi-star' : 'mdi-star-outline'",),
                color=("one.current ? 'warning' : undefined",),
                size="small",
            )
            with html.Div(classes="grow", title=("one.text",)):
                html.Span("{{ one.version }}")
                html.Div("{{ one.text }}", classes="faint")
            button("Use", (flow.use_version, "[one.version]"), hint="Answer with this version", v_if="!one.current")


def _training(actions: Actions) -> None:
    with html.Div(v_if="training", classes="mt-2"):
        with html.Div(classes="d-flex align-center ga-2 mb-1"):
            html.Span("Training: {{ training.state }}", classes="flex-grow-1", raw_attrs=['data-test="training"'])
            button("Cancel", actions.workflow.cancel_training, icon="mdi-stop", v_if="training.running", color="error")
        v3.VProgressLinear(
            v_if="training.running",
            indeterminate=("training.percent < 0",),
            model_value=("training.percent",),
            color="primary",
            rounded=True,
            classes="mb-1",
        )
        figures("training.figures")
        html.Div("{{ training.text }}", v_if="training.text", classes="faint wrap")
        v3.VAlert(
            v_if="training.comparison",
            type=("training.promoted ? 'success' : 'warning'",),
            text=("training.comparison",),
            title=("training.promoted ? 'The new version is in use' : 'The old version stays in use'",),
            density="compact",
            variant="tonal",
            classes="mt-2",
        )
