"""Drawer: the server, its cases and its tasks."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from browser.actions import Actions
from browser.page.parts import button, icon_button, section


def server_section(actions: Actions) -> None:
    """Where the server is and whether it answers."""
    flow = actions.workflow
    with section("Server", "mdi-server-network"):
        with html.Div(classes="d-flex align-center ga-2"):
            html.Div(classes=("'dot ' + connection",))
            html.Span("{{ connection_text }}", classes="flex-grow-1 wrap", raw_attrs=['data-test="connection"'])
            icon_button("mdi-refresh", flow.refresh_cases, "Read the list of cases again", v_if="connection == 'ready'")
            icon_button("mdi-power-plug-off-outline", flow.disconnect, "Disconnect", v_if="connection == 'ready'")
            button("Reconnect", flow.reconnect, icon="mdi-connection", v_if="connection == 'lost'")
        html.Div("{{ server_text }} · {{ address }}", classes="faint", v_if="connection == 'ready'")
        with html.Div(v_if="connection == 'none' || connection == 'lost'", classes="mt-2"):
            _field("address", "Address", placeholder="http://127.0.0.1:8000", keydown_enter=actions.connect)
            _field("token", "Token, if the server asks for one", type="password", autocomplete="off")
            button("Connect", actions.connect, icon="mdi-connection", why="address ? '' : 'Type the address first'")


def cases_section(actions: Actions) -> None:
    """The images of the server."""
    with section("Cases", "mdi-folder-multiple-image", shown="connection == 'ready' || cases.length"):
        with html.Div(classes="d-flex align-center ga-2 mb-2"):
            v3.VSelect(
                v_model=("strategy",),
                items=("strategies",),
                label="Next by",
                density="compact",
                variant="outlined",
                hide_details=True,
                disabled=("!strategies.length",),
            )
            button("Next", actions.open_next, icon="mdi-skip-next", why="why.next_case", hint="Open the next case (N)")
        _field("filter_text", "Find a case", v_if="cases.length > 8")
        with html.Div(classes="rows"):
            _case_rows(actions)
        html.Div("The server has no cases yet.", v_if="!cases.length", classes="faint")


def _case_rows(actions: Actions) -> None:
    with html.Div(
        v_for="one in cases.filter(c => c.name.toLowerCase().includes((filter_text || '').toLowerCase()))",
        key="one.name",
        classes=("'row' + (one.open ? ' on' : '')",),
        click=(actions.open_case, "[one.name]"),
        title=("'Open ' + one.name + (one.holder ? ' (' + one.holder + ' works on it)' : '')",),
        raw_attrs=[':data-case="one.name"'],
    ):
        v3.VIcon(
            icon=("one.labelled ? 'mdi-check-circle' : one.marks ? 'mdi-circle-slice-4' : 'mdi-circle-outline'",),
            color=("one.labelled ? 'success' : undefined",),
            size="small",
        )
        html.Span("{{ one.name }}", classes="grow")
        html.Span("unsaved", v_if="one.open && case_unsaved", classes="faint")
        v3.VIcon("mdi-account-lock-outline", v_if="one.holder", size="small", color="warning")


def task_section(actions: Actions) -> None:
    """What the server is asked."""
    flow = actions.workflow
    with section("Task", "mdi-brain", shown="tasks.length"):
        v3.VSelect(
            model_value=("task",),
            update_modelValue=(flow.choose_task, "[$event]"),
            items=("tasks",),
            item_title="title",
            item_value="name",
            density="compact",
            variant="outlined",
            hide_details=True,
        )
        html.Div("{{ task_text }}", classes="faint wrap mt-1", v_if="task_text")
        with html.Div(v_for="option in options", key="task + option.name", classes="mt-2", title=("option.text",)):
            _option(actions)
        with html.Div(classes="mt-2", v_if="!takes_clicks"):
            button("Run on this case", flow.run, icon="mdi-play", why="why.run", color="primary")


def _option(actions: Actions) -> None:
    shared = {"density": "compact", "hide_details": True, "label": ("option.name.replaceAll('_', ' ')",)}
    change = (actions.set_option, "[option.name, $event]")
    v3.VSwitch(
        v_if="option.kind == 'switch'",
        model_value=("option.value",),
        update_modelValue=change,
        color="primary",
        **shared,
    )
    v3.VSelect(
        v_else_if="option.kind == 'choice'",
        model_value=("option.value",),
        update_modelValue=change,
        items=("option.choices",),
        clearable=True,
        variant="outlined",
        **shared,
    )
    v3.VTextField(
        v_else=True,
        model_value=("option.value",),
        change=(actions.set_option, "[option.name, $event.target.value]"),
        type=("option.kind",),
        min=("option.minimum",),
        max=("option.maximum",),
        variant="outlined",
        **shared,
    )


def _field(name: str, label: str, **more: object) -> None:
    v3.VTextField(
        v_model=(name,), label=label, density="compact", variant="outlined", hide_details=True, classes="mb-2", **more
    )
