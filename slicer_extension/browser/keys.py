"""Keyboard shortcuts: what each key does, for the page's listener and for the list of keys that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from browser.tools import TOOLS, Tools

if TYPE_CHECKING:
    from browser.actions import Actions


@dataclass(frozen=True)
class Key:
    """A key (as the browser names it, with modifiers before it) and what it does."""

    press: str
    text: str
    act: Callable[[], object]


def keys(actions: Actions, tools: Tools) -> tuple[Key, ...]:
    """All shortcuts."""
    flow = actions.workflow
    named = [Key(tool.key.lower(), tool.title, _take(actions, tools, tool.name)) for tool in TOOLS]
    return (
        *named,
        Key("z", "Look close at the lesion", actions.look_close),
        Key("f", "Freeze the lesion, or take it up again", actions.toggle_frozen),
        Key("delete", "Delete the lesion", actions.delete),
        Key("+", "Larger", lambda: actions.nudge(1)),
        Key("-", "Smaller", lambda: actions.nudge(-1)),
        Key("ctrl+z", "Undo", flow.undo),
        Key("ctrl+shift+z", "Redo", flow.redo),
        Key("ctrl+y", "Redo", flow.redo),
        Key("a", "Accept the candidate", flow.accept_candidate),
        Key("r", "Reject the candidate", flow.reject_candidate),
        Key("]", "Next candidate", flow.next_candidate),
        Key("[", "Previous candidate", flow.previous_candidate),
        Key("h", "Heat map on and off", actions.toggle_heat),
        Key("n", "Next case", actions.open_next),
        Key("s", "Submit", flow.submit),
    )


def _take(actions: Actions, tools: Tools, name: str) -> Callable[[], object]:
    return lambda: actions.use_tool(name, tools)
