"""What comes up over the views: work in progress, notices, questions, the list of keys."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from browser.actions import Actions
from browser.page.parts import button, icon_button


def work_in_progress(actions: Actions) -> None:
    """What takes a while, with its progress and a way to stop it."""
    with (
        html.Div(
            v_if="activities.length", style="position: fixed; right: 14px; top: 56px; z-index: 1500; width: 300px"
        ),
        v3.VCard(v_for="one in activities", key="one.id", classes="mb-2 pa-2", variant="elevated"),
    ):
        with html.Div(classes="d-flex align-center ga-2"):
            html.Span("{{ one.text }}", classes="flex-grow-1 wrap text-body-2")
            icon_button("mdi-close", (actions.workflow.cancel, "[one.id]"), "Cancel", v_if="one.cancellable")
        v3.VProgressLinear(
            indeterminate=("one.percent < 0",), model_value=("one.percent",), color="primary", rounded=True
        )


def notice(actions: Actions) -> None:
    """The last thing that the reader should know; errors stay until dismissed."""
    dismiss = actions.workflow.dismiss_notice
    with v3.VSnackbar(
        model_value=("!!notice",),
        update_modelValue=(dismiss, "[]"),
        timeout=("notice && notice.level == 'info' ? 4000 : notice && notice.level == 'warning' ? 10000 : -1",),
        color=("{error: 'error', warning: 'warning'}[notice && notice.level] || 'surface-light'",),
        location="bottom",
        multi_line=True,
    ):
        html.Span("{{ notice && notice.text }}", raw_attrs=['data-test="notice"'])
        with v3.Template(v_slot_actions=True):
            v3.VBtn("Dismiss", click=(dismiss, "[]"), variant="text", classes="text-none")


def dialogs(actions: Actions) -> None:
    """Questions that cannot be taken back, and help."""
    with _dialog("!!leaving", "leaving = ''"):
        v3.VCardTitle("This case is not submitted")
        v3.VCardText("Stay and submit it first, or leave it: its marks are kept with the case, its masks are not.")
        with v3.VCardActions():
            v3.VSpacer()
            button("Stay", "leaving = ''", variant="tonal")
            button("Leave without its masks", actions.leave, color="error", variant="text")
    with _dialog("!!conflict && conflict != conflict_seen", "conflict_seen = conflict"):
        v3.VCardTitle("Somebody else submitted this case meanwhile", classes="text-wrap")
        v3.VCardText("Both versions are kept. Yours can become the newest one, on top of theirs.")
        with v3.VCardActions():
            v3.VSpacer()
            button("Not now", "conflict_seen = conflict", variant="tonal")
            button("Make mine the newest", (actions.workflow.submit, "[true]"), color="primary", variant="flat")
    with _dialog("keys_shown", "keys_shown = false"):
        v3.VCardTitle("Keyboard and mouse")
        with v3.VCardText(), html.Div(classes="keys"):
            with v3.Template(v_for="one in shortcuts", key="one.press"):
                html.Span("<kbd>{{ one.press }}</kbd>")
                html.Span("{{ one.text }}")
            for press, text in (
                ("wheel", "Scroll"),
                ("ctrl+wheel", "Zoom"),
                ("shift+wheel", "Size"),
                ("right drag", "Zoom"),
            ):
                html.Span(f"<kbd>{press}</kbd>")
                html.Span(text)


def _dialog(shown: str, close: str) -> v3.VCard:
    dialog = v3.VDialog(model_value=(shown,), update_modelValue=f"$event || ({close})", max_width=460)
    with dialog:
        return v3.VCard(classes="pa-2")
