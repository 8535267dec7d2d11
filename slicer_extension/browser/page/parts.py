"""Pieces that all sections of the page are made of. Quoted strings in tuples are expressions that the browser evaluates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

#: What a click does: a call without arguments, a call and the list of its arguments as an expression, or an expression.
Act = Callable[[], Any] | tuple[Callable[..., Any], str] | str


@contextmanager
def section(title: str, icon: str, shown: str = "") -> Iterator[html.Div]:
    """A part of the drawer with a heading; ``shown``: only while the expression holds."""
    options = {"v_if": (shown,)} if shown else {}
    with html.Div(classes="drawer-section", **options):
        with html.Div(classes="drawer-title") as heading:
            v3.VIcon(icon, size="small")
            html.Span(title)
        yield heading


def button(text: str, act: Act, *, icon: str = "", why: str = "''", hint: str = "", **more: Any) -> None:
    """A button with words; while the expression ``why`` gives a reason it is off, and its tooltip says why."""
    with html.Span(title=(f"({why}) || {_quoted(hint or text)}",), classes=more.pop("outer", "")):
        options: dict[str, Any] = {"size": "small", "variant": "tonal", "classes": "text-none", **more}
        v3.VBtn(text, prepend_icon=icon or None, disabled=(f"!!({why})",), click=act, **options)


def icon_button(icon: str | tuple[str], act: Act, hint: str, *, why: str = "''", **more: Any) -> None:
    """A button with a picture; ``hint`` is its tooltip and its name."""
    with html.Span(title=(f"({why}) || {_quoted(hint)}",)):
        options: dict[str, Any] = {"size": "x-small", "variant": "text", "density": "comfortable", **more}
        raw = [f'aria-label="{hint}"', *options.pop("raw_attrs", [])]
        v3.VBtn(icon=icon, disabled=(f"!!({why})",), click=act, raw_attrs=raw, **options)


def percent_bar(share: str) -> None:
    """A small bar; ``share`` is an expression of 0 to 100."""
    with html.Div(classes="bar"):
        html.Div(style=(f"{{ width: ({share}) + '%' }}",))


def figures(rows: str) -> None:
    """Names and values side by side; ``rows`` is an expression of a list of `FigureRow`."""
    with html.Div(classes="figures", v_if=(f"({rows}).length",)), v3.Template(v_for=f"row in {rows}", key="row.name"):
        html.Span("{{ row.name }}", classes="faint")
        html.Span("{{ row.value }}")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
