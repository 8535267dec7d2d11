"""The four panes, and what is drawn over each view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import client, html
from trame_slicer.app.logic import connect_slice_view_slider_to_state
from trame_slicer.views import AbstractView, SliceView

from browser.page.parts import icon_button
from browser.views import PANES

if TYPE_CHECKING:
    from trame_server import Server

_TITLES = {pane.tag: pane for pane in PANES}


def grid() -> None:
    """All panes, or the one that fills the window."""
    with html.Div(classes=("maximised ? 'panes one' : 'panes'",)):
        for pane in PANES:
            with html.Div(
                classes="pane", v_if=f"!maximised || maximised == '{pane.tag}'", raw_attrs=[f'data-pane="{pane.tag}"']
            ):
                client.ServerTemplate(name=pane.tag)


def overlay(server: Server, view_id: str, view: AbstractView) -> None:
    """Title, buttons, slider and texts over a view; the pointer goes through all but the controls."""
    tag = view.get_singleton_tag() or view_id
    pane = _TITLES[tag]
    control = server.controller
    with html.Div(classes="over"):
        html.Div(pane.title, classes="over-title", style=f"color: {pane.colour}")
        with html.Div(classes="over-buttons"):
            if isinstance(view, SliceView):
                icon_button("mdi-video-3d", (control.toggle_in_3d, f"['{tag}']"), f"{pane.title} slice in 3D")
            icon_button("mdi-fit-to-screen-outline", (control.fit_pane, f"['{tag}']"), f"Fit {pane.title}")
            icon_button(
                (f"maximised == '{tag}' ? 'mdi-arrow-collapse' : 'mdi-arrow-expand'",),
                (control.maximise_pane, f"['{tag}']"),
                f"{pane.title} alone, or all four",
            )
        if isinstance(view, SliceView):
            _slice_overlay(server, view, tag)


def _slice_overlay(server: Server, view: SliceView, tag: str) -> None:
    with html.Div(v_if="case_name", classes="over-text number"):
        html.Div("{{ position_text }}")
        html.Div("{{ window_text }}")
    slider = connect_slice_view_slider_to_state(server, view)
    html.Input(
        v_if="case_name",
        type="range",
        classes="over-slider",
        v_model_number=slider.name.value,
        min=(slider.name.min_value,),
        max=(slider.name.max_value,),
        step=(slider.name.step,),
        raw_attrs=[f'aria-label="Slice, {_TITLES[tag].title}"', f"@input=\"flushState('{slider.name.value}')\""],
    )
    html.Div(_trace_drawing(tag), v_if=f"trace && trace.view == '{tag}'")


def _trace_drawing(tag: str) -> str:
    """Circle or line under the pointer, with its length, in the pixels of the render window."""
    line = 'stroke="#ffd54a" stroke-width="1.5" fill="none"'
    return (
        '<svg class="over-trace" :viewBox="trace_box" preserveAspectRatio="none">'
        f'<circle v-if="trace.shape == \'circle\'" :cx="trace.x" :cy="trace.y" :r="trace.radius" {line} />'
        f'<line v-else :x1="trace.x" :y1="trace.y" :x2="trace.x_end" :y2="trace.y_end" {line} />'
        '<text :x="trace.x_end + 12" :y="trace.y_end" fill="#ffd54a" font-size="13">{{ trace.text }}</text>'
        "</svg>"
    )
