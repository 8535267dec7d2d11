"""Lesions that are there: changed, finished, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .checking import BadInput, a_length, a_lesion, a_point, a_soft_lesion, has_mask, open_image
from .context import Context
from .history import History
from .prompts import Prompts
from .state import ISODOSE, REGION, RUNNING, WAITING, Lesion, Point

if TYPE_CHECKING:
    from LesionLabLib.scene import Mark


class Lesions:
    """What the user does to lesions. Every change of a mark asks for its mask at once."""

    def __init__(self, context: Context, history: History, prompts: Prompts) -> None:
        self._context = context
        self._history = history
        self._prompts = prompts

    def move(self, lesion_id: str, point_mm: Sequence[float]) -> None:
        """Move the mark; a line moves as a whole."""
        lesion = self._prompted(lesion_id)
        point = a_point(self._context, point_mm)
        ends = None
        if lesion.ends_mm is not None:
            shift = np.subtract(point, lesion.point_mm)
            ends = (_plus(lesion.ends_mm[0], shift), _plus(lesion.ends_mm[1], shift))
        self._change(replace(lesion, point_mm=point, ends_mm=ends), f"move {lesion_id}")

    def resize(self, lesion_id: str, size_mm: float) -> None:
        """Give the longest diameter; a line keeps its middle."""
        lesion = self._prompted(lesion_id)
        size, ends = a_length(size_mm), None
        if lesion.ends_mm is not None:
            arm = np.subtract(lesion.ends_mm[1], lesion.ends_mm[0])
            arm = arm / np.linalg.norm(arm) * size / 2
            ends = (_plus(lesion.point_mm, -arm), _plus(lesion.point_mm, arm))
        self._change(replace(lesion, size_mm=size, size_given=True, ends_mm=ends), f"resize {lesion_id}")

    def exclude(self, point_mm: Sequence[float]) -> None:
        """The point does not belong to the selected lesion."""
        lesion = self._prompted(self._context.state.selected)
        point = a_point(self._context, point_mm)
        self._change(replace(lesion, exclude_mm=(*lesion.exclude_mm, point)))

    def dragged(self, mark: Mark) -> None:
        """The user dragged a mark in the scene."""
        lesion = self._context.state.lesion(mark.id)
        if lesion is None:
            return
        if lesion.frozen or lesion.shape == ISODOSE:
            self._context.scene.show_mark(lesion)
            return
        resized = mark.size_mm is not None and (lesion.size_mm is None or abs(mark.size_mm - lesion.size_mm) > 1e-6)
        changed = replace(
            lesion,
            point_mm=mark.point_mm,
            exclude_mm=mark.exclude_mm,
            ends_mm=mark.ends_mm,
            size_mm=mark.size_mm if resized else lesion.size_mm,
            size_given=lesion.size_given or resized,
        )
        try:
            a_point(self._context, mark.point_mm)
        except BadInput:
            self._context.scene.show_mark(lesion)
            raise
        if changed != lesion:
            self._change(changed, f"drag {lesion.id}")

    def select(self, lesion_id: str) -> None:
        """Select a lesion, or none."""
        if lesion_id:
            a_lesion(self._context, lesion_id)
        self._context.current.change(selected=lesion_id)

    def rename(self, lesion_id: str, name: str) -> None:
        """Another name."""
        lesion = a_lesion(self._context, lesion_id)
        if not name.strip():
            raise BadInput("A lesion needs a name.")
        with self._history.step():
            self._show(replace(lesion, name=name.strip()))

    def freeze(self, lesion_id: str, frozen: bool) -> None:
        """Finish a lesion, or let it change again."""
        lesion = a_lesion(self._context, lesion_id)
        if lesion.frozen == frozen:
            return
        if frozen and lesion.status in {RUNNING, WAITING}:
            raise BadInput(f"{lesion.name} has no mask for this mark yet. Freeze it when it has.")
        if frozen and not has_mask(self._context, lesion_id):
            raise BadInput(f"{lesion.name} has no mask that could be frozen.")
        with self._history.step():
            self._context.scene.freeze(lesion_id, frozen)
            self._show(replace(lesion, frozen=frozen))

    def delete(self, lesion_id: str) -> None:
        """Delete a lesion with its mask."""
        lesion = self._context.state.lesion(lesion_id)
        if lesion is None:
            return
        if lesion.frozen:
            self._show(lesion)
            raise BadInput(f"{lesion.name} is frozen and cannot be deleted. Unfreeze it first.")
        with self._history.step():
            self._context.scene.set_mask(lesion_id, None, lesion.colour)
            self._context.scene.remove_mark(lesion_id)
            left = tuple(other for other in self._context.state.lesions if other.id != lesion_id)
            selected = self._context.state.selected
            if selected == lesion_id:
                selected = left[-1].id if left else ""
            self._context.current.change(lesions=left, selected=selected)
        self._prompts.drop(lesion_id)

    def run_again(self, lesion_id: str) -> None:
        """Ask again."""
        lesion = a_soft_lesion(self._context, lesion_id)
        self._context.current.touch()
        self._prompts.ask(lesion.id, again=True)

    def set_presence(self, label: str, present: bool) -> None:
        """Say of the whole case that something is there, or is not."""
        open_image(self._context)
        if not label.strip():
            raise BadInput("Say what is present or absent.")
        said = dict(self._context.state.presence)
        if said.get(label) == present:
            return
        said[label] = present
        with self._history.step():
            self._context.current.change(presence=tuple(said.items()))

    def _prompted(self, lesion_id: str) -> Lesion:
        lesion = a_soft_lesion(self._context, lesion_id)
        if lesion.shape in {ISODOSE, REGION}:
            raise BadInput(f"{lesion.name} was not made by a mark, so it has none that could be changed.")
        return lesion

    def _change(self, lesion: Lesion, key: str = "") -> None:
        with self._history.step(key):
            self._show(replace(lesion, status=WAITING, message=""))
        self._prompts.ask(lesion.id)

    def _show(self, lesion: Lesion) -> None:
        if lesion.shape != REGION:
            self._context.scene.show_mark(lesion)
        self._context.current.put_lesion(lesion)


def _plus(point: Point, shift: np.ndarray) -> Point:
    moved = np.add(point, shift)
    return float(moved[0]), float(moved[1]), float(moved[2])
