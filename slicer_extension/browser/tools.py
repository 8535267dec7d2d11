"""What the left button does in a slice view: place, exclude, measure, circle, window and level, or move about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from browser.plane import Point, distance_mm, normal_axis, point_at
from browser.pointer import Touch
from browser.window_level import dragged

if TYPE_CHECKING:
    from trame_slicer.views import SliceView

PLACE, EXCLUDE, MEASURE, CIRCLE, WINDOW, PAN = "place", "exclude", "measure", "circle", "window", "pan"
#: A shorter drag is a click with an unsteady hand.
_CLICK_PX = 5.0


@dataclass(frozen=True)
class Tool:
    """One of the tools, as the page shows it."""

    name: str
    title: str
    icon: str
    key: str
    hint: str


TOOLS = (
    Tool(PLACE, "Place", "mdi-target", "P", "Click in a lesion; drag from its centre to its border to give its size."),
    Tool(EXCLUDE, "Exclude", "mdi-minus-circle-outline", "X", "Click what does not belong to the selected lesion."),
    Tool(MEASURE, "Measure", "mdi-ruler", "M", "Drag along the lesion's longest diameter."),
    Tool(CIRCLE, "Circle", "mdi-circle-outline", "C", "Drag a circle around the lesion, from its centre."),
    Tool(WINDOW, "Window", "mdi-contrast-circle", "W", "Drag sideways for the window, up and down for the level."),
    Tool(PAN, "Pan", "mdi-hand-back-right-outline", "V", "Drag the image; the right button zooms, the wheel scrolls."),
)


@dataclass(frozen=True)
class Trace:
    """What is drawn over a view while the button is down, in pixels of its render window from the top left."""

    view: str
    shape: str
    """circle or line."""
    x: float
    y: float
    x_end: float
    y_end: float
    radius: float
    text: str


class Marking(Protocol):
    """What the tools do with a finished gesture."""

    def place(self, point_mm: Point, size_mm: float | None) -> None:
        """Mark a lesion by a point; without a size, the page's own setting holds."""

    def measure(self, start_mm: Point, end_mm: Point) -> None:
        """Mark a lesion by its longest diameter."""

    def circle(self, centre_mm: Point, radius_mm: float, axis: int) -> None:
        """Mark a lesion by a circle."""

    def exclude(self, point_mm: Point) -> None:
        """Take a point out of the selected lesion."""

    def nudge(self, steps: int) -> None:
        """Make the selected lesion, or the next one, larger or smaller."""

    def window_level(self) -> tuple[float, float] | None:
        """The window and level now; None without an image."""

    def set_window_level(self, window: float, level: float) -> None:
        """Set them."""


class Tools:
    """The hand in the slice views (`browser.pointer.Hand`).

    Args:
        marking: what gestures do.
        trace: shows what is being drawn; None when nothing is.
        hover: told where the pointer is.
    """

    def __init__(self, marking: Marking, trace: Callable[[Trace | None], None], hover: Callable[[Touch], None]) -> None:
        self.tool = PLACE
        self._marking, self._trace, self._hover = marking, trace, hover
        self._start: Touch | None = None
        self._start_window: tuple[float, float] | None = None

    @property
    def drags_marks(self) -> bool:
        """The other tools work on top of marks."""
        return self.tool in (PLACE, PAN)

    def press(self, touch: Touch) -> bool:
        """Begin a gesture."""
        if self.tool == PAN:
            touch.view.interactor().InvokeEvent("MiddleButtonPressEvent")
        self._start_window = self._marking.window_level()
        self._start = touch if self._start_window is not None else None
        return True

    def move(self, touch: Touch) -> bool:
        """Go on with it."""
        self._hover(touch)
        start = self._start
        if start is None or start.view is not touch.view or self.tool == PAN:
            return False
        if self.tool == WINDOW and self._start_window is not None:
            (x0, y0), (x1, y1) = start.pixel, touch.pixel
            self._marking.set_window_level(*dragged(self._start_window, x1 - x0, y1 - y0))
        elif self.tool != EXCLUDE:
            self._trace(self._drawn(start, touch) if _length_px(start, touch) > _CLICK_PX else None)
        return True

    def release(self, touch: Touch) -> bool:
        """End it, and do what it means."""
        start, self._start = self._start, None
        self._trace(None)
        if self.tool == PAN:
            touch.view.interactor().InvokeEvent("MiddleButtonReleaseEvent")
        elif start is not None and start.view is touch.view:
            self._finish(start, touch)
        return start is not None

    def wheel(self, touch: Touch, steps: int) -> bool:
        """With Shift, the wheel changes the size."""
        if touch.shift:
            self._marking.nudge(steps)
        return touch.shift

    def _finish(self, start: Touch, end: Touch) -> None:
        node = start.view.get_view_node()
        a, b = point_at(node, start.pixel), point_at(node, end.pixel)
        is_drag = _length_px(start, end) > _CLICK_PX
        if self.tool == PLACE:
            self._marking.place(a, 2.0 * distance_mm(a, b) if is_drag else None)
        elif self.tool == EXCLUDE:
            self._marking.exclude(b)
        elif self.tool == MEASURE and is_drag:
            self._marking.measure(a, b)
        elif self.tool == CIRCLE and is_drag:
            self._marking.circle(a, distance_mm(a, b), normal_axis(node))

    def _drawn(self, start: Touch, end: Touch) -> Trace:
        node, height = start.view.get_view_node(), _height(start.view)
        length_mm = distance_mm(point_at(node, start.pixel), point_at(node, end.pixel))
        is_line = self.tool == MEASURE
        return Trace(
            view=start.view.get_singleton_tag(),
            shape="line" if is_line else "circle",
            x=start.pixel[0] + 0.5,
            y=height - start.pixel[1] - 0.5,
            x_end=end.pixel[0] + 0.5,
            y_end=height - end.pixel[1] - 0.5,
            radius=_length_px(start, end),
            text=f"{length_mm if is_line else 2.0 * length_mm:.1f} mm",
        )


def _length_px(start: Touch, end: Touch) -> float:
    return float(((end.pixel[0] - start.pixel[0]) ** 2 + (end.pixel[1] - start.pixel[1]) ** 2) ** 0.5)


def _height(view: SliceView) -> int:
    return int(view.render_window().GetSize()[1])
