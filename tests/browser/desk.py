"""A reader at the desk: looks at the page and uses its mouse and keyboard."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

AXIAL, CORONAL, SAGITTAL, THREE_D = "Red", "Green", "Yellow", "ThreeD"
PLANES = (AXIAL, CORONAL, SAGITTAL)


class Desk:
    """One page of the workbench."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def ask(self, name: str, *args: Any) -> Any:
        return self.page.evaluate(
            "([name, args]) => window.trame.trigger('probe', [name, ...args])", [name, list(args)]
        )

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.ask("state"))

    def until(self, holds: Callable[[dict[str, Any]], Any], what: str, seconds: float = 30.0) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            state = self.state
            if holds(state):
                return state
            assert time.monotonic() < end, f"after {seconds:g} s: {what}; got {state}"
            self.page.wait_for_timeout(50)

    def until_count(self, what: str, count: int) -> None:
        """Wait until the page has so many of an element."""
        end = time.monotonic() + 10.0
        while (found := self.page.locator(what).count()) != count:
            assert time.monotonic() < end, f"{what}: got {found}, expected {count}"
            self.page.wait_for_timeout(50)

    def open_case(self, name: str) -> None:
        if self.state["case"] != name:
            self.page.locator(f"[data-case={name}]").click()
        leave = self.page.get_by_role("button", name="Leave without its masks")
        self.page.wait_for_timeout(200)
        if leave.is_visible():
            leave.click()
        self.until(lambda s: s["case"] == name and not s["busy"], f"case {name} is open")
        self.page.locator("[data-test=case]").get_by_text(name, exact=True).wait_for()
        self.page.wait_for_timeout(300)

    def pane(self, tag: str) -> Locator:
        return self.page.locator(f"[data-pane={tag}]")

    def spot(self, tag: str, point_mm: list[float], width_mm: float = 0.0) -> tuple[int, int]:
        """Where on the page a point of the patient is, after putting the planes through it."""
        x, y, _ = self.ask("aim", tag, list(point_mm), width_mm)
        self.page.wait_for_timeout(250)
        box = self.pane(tag).bounding_box()
        assert box is not None
        return round(box["x"]) + round(x), round(box["y"]) + round(y)

    def click(self, tag: str, point_mm: list[float], width_mm: float = 0.0) -> None:
        x, y = self.spot(tag, point_mm, width_mm)
        self.page.mouse.move(x - 3, y - 3)
        self.page.mouse.click(x, y)

    def take(self, tool: str) -> None:
        self.page.locator(f"[data-tool={tool}]").click()

    def drag(self, tag: str, point_mm: list[float], right_px: int, width_mm: float = 120.0) -> None:
        """Press the button at a point, and let it go so many pixels to the right of it."""
        x, y = self.spot(tag, point_mm, width_mm)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right_px, y, steps=4)
        self.page.mouse.up()

    def place(self, tag: str, point_mm: list[float], right_px: int = 60) -> dict[str, Any]:
        """Mark a lesion (with its size by dragging, without by clicking), wait for its mask; answers with the lesion."""
        before = {lesion["id"] for lesion in self.state["lesions"]}
        self.take("place")
        if right_px:
            self.drag(tag, point_mm, right_px)
        else:
            self.click(tag, point_mm)
        state = self.until(
            lambda s: any(one["id"] not in before and one["status"] in ("done", "failed") for one in s["lesions"]),
            "a new lesion has its answer",
        )
        new = next(one for one in state["lesions"] if one["id"] not in before)
        assert new["status"] == "done", state
        return dict(new)

    def clear(self) -> None:
        """Take everything back."""
        for lesion in self.state["lesions"]:
            if lesion["frozen"]:
                self.page.locator(f"[data-lesion='{lesion['id']}'] [aria-label^=Freeze]").click()
            self.page.locator(f"[data-lesion='{lesion['id']}'] [aria-label=Delete]").click()
        self.until(lambda s: not s["lesions"], "no lesion is left")

    def colours(self, tag: str) -> np.ndarray:
        """The pane as it is on the screen, (rows, columns, RGB) 0 to 255."""
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.pane(tag).screenshot())).convert("RGB"), dtype=float)

    def until_drawn(self, tag: str, holds: Callable[[np.ndarray], Any], what: str, seconds: float = 15.0) -> None:
        """Wait until the pane's picture is as it should be."""
        end = time.monotonic() + seconds
        while not holds(self.colours(tag)):
            assert time.monotonic() < end, f"after {seconds:g} s: {what}"
            self.page.wait_for_timeout(100)

    def coloured(self, tag: str) -> np.ndarray:
        """Where the pane is drawn in a lesion's colour: neither grey nor the faint tint of a compressed picture."""
        found = self.colours(tag)[40:-40]
        return np.argwhere(found.max(axis=2) - found.min(axis=2) > 90)
