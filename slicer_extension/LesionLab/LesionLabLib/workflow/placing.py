"""New lesions, from marks and from masks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .checking import BadInput, a_length, a_point, open_image
from .colours import colour, next_number
from .context import Context
from .history import History
from .prompts import Prompts
from .state import CANDIDATE, CIRCLE, DONE, ISODOSE, LINE, REGION, SPHERE, Lesion, Point

if TYPE_CHECKING:
    from LesionLabLib.answers import Crop

_AXES = (0, 1, 2)


class Placing:
    """Marks new lesions and asks for their masks at once; each is one step and becomes the selected one."""

    def __init__(self, context: Context, history: History, prompts: Prompts) -> None:
        self._context = context
        self._history = history
        self._prompts = prompts

    def place_point(self, point_mm: Sequence[float], size_mm: float | None) -> None:
        """A sphere, or a point alone."""
        point = a_point(self._context, point_mm)
        size = None if size_mm is None else a_length(size_mm)
        with self._history.step():
            lesion = self._add(SPHERE, point, size_mm=size, size_given=size is not None)
        self._prompts.ask(lesion.id)

    def place_line(self, start_mm: Sequence[float], end_mm: Sequence[float]) -> None:
        """The longest diameter."""
        start, end = a_point(self._context, start_mm), a_point(self._context, end_mm)
        size = a_length(float(np.linalg.norm(np.subtract(end, start))), "The line's length")
        with self._history.step():
            lesion = self._add(LINE, _between(start, end), size_mm=size, size_given=True, ends_mm=(start, end))
        self._prompts.ask(lesion.id)

    def place_circle(self, centre_mm: Sequence[float], radius_mm: float, normal_axis: int) -> None:
        """A circle in a plane upright on an axis."""
        centre, size = a_point(self._context, centre_mm), 2 * a_length(radius_mm, "The radius")
        if normal_axis not in _AXES:
            raise BadInput(f"A circle stands upright on axis 0 (R), 1 (A) or 2 (S), got {normal_axis}.")
        with self._history.step():
            lesion = self._add(CIRCLE, centre, size_mm=size, size_given=True, normal_axis=normal_axis)
        self._prompts.ask(lesion.id)

    def place_isodose(self, dose_node_id: str, percent: float) -> None:
        """What got at least that dose; no model is asked."""
        open_image(self._context)
        if not 0 < percent <= 100:
            raise BadInput(f"An isodose is above 0 and at most 100 per cent, got {percent:g}.")
        crop = self._context.scene.isodose(dose_node_id, percent)
        if not crop.voxels.any():
            raise BadInput(f"Nowhere in this image is {percent:g} % of the largest dose. Choose a lower percentage.")
        self.add_region(crop, f"Isodose {percent:g} %", shape=ISODOSE, dose_node_id=dose_node_id, percent=percent)

    def candidate(self, point_mm: Point, size_mm: float | None) -> Lesion:
        """What a detector found, within a step of the caller's; its mask is not asked for yet."""
        return self._add(CANDIDATE, point_mm, size_mm=size_mm, size_given=size_mm is not None)

    def add_region(self, crop: Crop, name: str, shape: str = REGION, **fields: Any) -> None:
        """A mask that is known already, as a lesion."""
        volume_mm3 = float(np.count_nonzero(crop.voxels)) * abs(float(np.linalg.det(crop.affine[:3, :3])))
        with self._history.step():
            lesion = self._add(
                shape,
                centre_of(crop),
                name=name,
                status=DONE,
                volume_mm3=volume_mm3,
                size_mm=ball_mm(volume_mm3),
                **fields,
            )
            self._context.scene.set_mask(lesion.id, crop, lesion.colour, lesion.name)

    def _add(self, shape: str, point_mm: Point, name: str = "", **fields: Any) -> Lesion:
        number = next_number(self._context.state.lesions)
        lesion = Lesion(uuid.uuid4().hex, name or f"Lesion {number}", shape, point_mm, colour=colour(number), **fields)
        if shape != REGION:
            self._context.scene.show_mark(lesion)
        self._context.current.put_lesion(lesion)
        self._context.current.change(selected=lesion.id)
        return lesion


def centre_of(crop: Crop) -> Point:
    """The voxel of a mask nearest to its centre of mass, RAS mm."""
    inside = np.argwhere(crop.voxels)
    nearest = inside[np.argmin(np.linalg.norm(inside - inside.mean(axis=0), axis=1))]
    point = crop.affine[:3, :3] @ nearest + crop.affine[:3, 3]
    return float(point[0]), float(point[1]), float(point[2])


def ball_mm(volume_mm3: float) -> float:
    """Diameter of the ball of that volume."""
    return float((6 * volume_mm3 / np.pi) ** (1 / 3))


def _between(start: Point, end: Point) -> Point:
    middle = np.add(start, end) / 2
    return float(middle[0]), float(middle[1]), float(middle[2])
