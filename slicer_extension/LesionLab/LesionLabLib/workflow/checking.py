"""What the user's input must be; what it is not is said in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from LesionLabLib.errors import ExtensionError
from LesionLabLib.scene import VolumeRef

from .context import Context
from .state import Lesion, OpenCase, Point


class BadInput(ExtensionError):  # noqa: N818, as its siblings
    """The user asked for something that cannot be done."""


def open_image(context: Context) -> OpenCase:
    """The open case.

    Raises:
        BadInput: none is open.
    """
    if context.state.case is None:
        raise BadInput("No image is open. Open a case, or choose a volume of the scene.")
    return context.state.case


def a_point(context: Context, point_mm: Sequence[float]) -> Point:
    """A point in the open image, RAS mm.

    Raises:
        BadInput: no image is open, or the point is none or lies outside of it.
    """
    case = open_image(context)
    point = tuple(float(number) for number in point_mm)
    if len(point) != 3 or not all(math.isfinite(number) for number in point):
        raise BadInput(f"A point needs three finite numbers (R, A, S in mm), got {list(point_mm)}.")
    shape, affine = context.scene.volume_geometry(VolumeRef(case.volume_id, case.name))
    index = np.linalg.solve(affine, [*point, 1.0])[:3]
    # A voxel reaches half a voxel around its centre; a little more forgives rounding.
    if np.any(index < -0.501) or np.any(index > np.asarray(shape) - 0.499):
        words = ", ".join(f"{number:.1f}" for number in point)
        raise BadInput(f"The point ({words}) mm lies outside the image {case.name}. Place it inside.")
    return point[0], point[1], point[2]


def a_length(size_mm: float, what: str = "The size") -> float:
    """A length in mm.

    Raises:
        BadInput: it is not a finite number above zero.
    """
    if not math.isfinite(size_mm) or size_mm <= 0:
        raise BadInput(f"{what} must be above 0 mm, got {size_mm:g}.")
    return float(size_mm)


def a_lesion(context: Context, lesion_id: str) -> Lesion:
    """The lesion of that id.

    Raises:
        BadInput: there is none.
    """
    lesion = context.state.lesion(lesion_id)
    if lesion is None:
        raise BadInput("Choose a lesion first." if not lesion_id else "That lesion is no longer there.")
    return lesion


def a_soft_lesion(context: Context, lesion_id: str) -> Lesion:
    """A lesion that may be changed.

    Raises:
        BadInput: there is none, or it is frozen.
    """
    lesion = a_lesion(context, lesion_id)
    if lesion.frozen:
        raise BadInput(f"{lesion.name} is frozen and cannot be changed. Unfreeze it first.")
    return lesion


def has_mask(context: Context, lesion_id: str) -> bool:
    """Whether a lesion has any voxel."""
    crop = context.scene.mask_crop(lesion_id)
    return crop is not None and bool(crop.voxels.any())
