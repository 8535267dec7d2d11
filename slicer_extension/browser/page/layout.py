"""The page as a whole: bar above, drawer at the left, the four views, and what comes up over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.ui.vuetify3 import VAppLayout
from trame.widgets import html
from trame.widgets import vuetify3 as v3

from browser.page.lesions_part import findings_section, lesions_section, size_section
from browser.page.messages import dialogs, notice, work_in_progress
from browser.page.model_part import heat_section, model_section
from browser.page.panes import grid
from browser.page.parts import button, icon_button
from browser.page.server_part import cases_section, server_section, task_section
from browser.tools import EXCLUDE, PAN, TOOLS, WINDOW, Tools

if TYPE_CHECKING:
    from trame_server import Server

    from browser.actions import Actions

_VUETIFY = {
    "theme": {
        "defaultTheme": "lab",
        "themes": {
            "lab": {
                "dark": True,
                "colors": {"background": "#101418", "surface": "#1a2027", "primary": "#4fa3e3", "success": "#55c07a"},
            }
        },
    }
}


def lay_out(server: Server, actions: Actions, tools: Tools) -> None:
    """Make the page."""
    with VAppLayout(server, vuetify_config=_VUETIFY) as layout:
        layout.root.theme = "lab"
        with v3.VAppBar(height=52, flat=True, color="surface"):
            _bar(actions, tools)
        with v3.VNavigationDrawer(permanent=True, width=340, color="surface"):
            server_section(actions)
            cases_section(actions)
            task_section(actions)
            size_section(actions)
            lesions_section(actions)
            findings_section(actions)
            heat_section(actions)
            model_section(actions)
        with v3.VMain(style="height: 100vh"):
            grid()
        work_in_progress(actions)
        notice(actions)
        dialogs(actions)


def _bar(actions: Actions, tools: Tools) -> None:
    html.Span("LesionLab", classes="font-weight-bold ml-4")
    html.Span("{{ case_name || 'no case' }}", classes="ml-3", raw_attrs=['data-test="case"'])
    v3.VIcon("mdi-circle-medium", v_if="case_unsaved", color="warning", title="Not submitted yet")
    v3.VSpacer()
    for tool in TOOLS:
        reason = {EXCLUDE: "why.exclude", WINDOW: "why.case", PAN: "why.case"}.get(tool.name, "why.mark")
        icon_button(
            tool.icon,
            (lambda name: actions.use_tool(name, tools), f"['{tool.name}']"),
            f"{tool.title} ({tool.key}): {tool.hint}",
            why=reason,
            size="small",
            color=(f"tool == '{tool.name}' ? 'primary' : undefined",),
            variant=(f"tool == '{tool.name}' ? 'tonal' : 'text'",),
            raw_attrs=[f'data-tool="{tool.name}"'],
        )
    v3.VSelect(
        v_model=("preset",),
        items=("presets",),
        label="Window",
        density="compact",
        variant="outlined",
        hide_details=True,
        disabled=("!case_name",),
        style="max-width: 170px",
        classes="mx-4",
        title=("case_name ? 'Window and level' : 'Open a case first'",),
    )
    v3.VSpacer()
    icon_button("mdi-undo", actions.workflow.undo, "Undo (Ctrl+Z)", why="why.undo", size="small")
    icon_button("mdi-redo", actions.workflow.redo, "Redo (Ctrl+Y)", why="why.redo", size="small")
    icon_button("mdi-keyboard-outline", "keys_shown = true", "Keyboard", size="small")
    button(
        "Submit",
        (actions.workflow.submit, "[]"),
        icon="mdi-cloud-upload-outline",
        why="why.submit",
        hint="Send masks and marks to the server (S)",
        color="primary",
        variant="flat",
        outer="mx-3",
        raw_attrs=['data-test="submit"'],
    )
