"""From slices to a volume: sorted along the normal, refused when they make no regular lattice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.dicom_frames import Slice, Vector, single_slice
from lesionlab.image.geometry import Geometry
from lesionlab.image.reading import tidy
from lesionlab.image.volume import Volume

_GAP_TOLERANCE = 0.05  # of the distance of slices: scanners round positions
_TILT_TOLERANCE_DEG = 0.5
_COSINE_TOLERANCE = 1e-3


def stack(path: Path, slices: list[Slice]) -> Volume:
    """Join the slices of one series into a volume; array axis k runs along the slices' normal.

    Raises:
        InputError: the slices differ in size, spacing or orientation, share a position, miss one, or are tilted.
    """
    if len(slices) == 1:
        return single_slice(path, slices[0])
    if any(one.origin_lps is None for one in slices):
        raise InputError(f"{path}: several images without a position in the patient", expected="one image, or a volume")
    _check_alike(path, slices)
    normal = slices[0].normal
    distance = np.array([_origin(one) @ normal for one in slices])
    order = np.argsort(distance, kind="stable")
    step = _step(path, distance[order])
    ordered = [slices[n] for n in order]
    span = _origin(ordered[-1]) - _origin(ordered[0])
    _check_straight(path, ordered, span, normal)
    return lattice(path, ordered, normal * step)


def lattice(path: Path, ordered: list[Slice], step: Vector) -> Volume:
    """The volume of slices that lie ``step`` (LPS mm) apart, in this order."""
    first = ordered[0]
    affine = np.eye(4)
    affine[:3, 0] = first.along_i * first.spacing_mm[0]
    affine[:3, 1] = first.along_j * first.spacing_mm[1]
    affine[:3, 2] = step
    affine[:3, 3] = _origin(first)
    dtype = np.result_type(*(one.pixels.dtype for one in ordered))
    # Filled in the order in which the slices are stored, so that no copy crosses memory.
    array: NDArray[np.generic] = np.empty((*first.pixels.shape, len(ordered)), dtype=dtype, order="F")
    for k, one in enumerate(ordered):
        array[:, :, k] = one.pixels
    return tidy(path, array, Geometry.from_lps((1, 1, 1), affine).affine)


def _origin(one: Slice) -> Vector:
    assert one.origin_lps is not None
    return one.origin_lps


def _check_alike(path: Path, slices: list[Slice]) -> None:
    sizes = Counter(one.pixels.shape for one in slices)
    if len(sizes) > 1:
        found = ", ".join(f"{n} of {i} x {j}" for (i, j), n in sizes.most_common(4))
        raise InputError(f"{path}: slices of several sizes", got=found, expected="one size")
    first = slices[0]
    for one in slices[1:]:
        off = max(np.abs(one.along_i - first.along_i).max(), np.abs(one.along_j - first.along_j).max())
        if off > _COSINE_TOLERANCE:
            raise InputError(
                f"{path}: slices of several orientations",
                got=f"row directions {np.round(first.along_i, 3).tolist()} and {np.round(one.along_i, 3).tolist()}",
                expected="parallel slices",
                hint="is a scout image among them?",
            )
        if not np.allclose(one.spacing_mm, first.spacing_mm, rtol=1e-3):
            raise InputError(
                f"{path}: slices of several pixel spacings", got=f"{first.spacing_mm} and {one.spacing_mm} mm"
            )


def _step(path: Path, distance: NDArray[np.float64]) -> float:
    """The one distance of neighbouring slices, given their sorted positions along the normal."""
    gaps = np.diff(distance)
    step = float(np.median(gaps))
    if gaps.min() < 1e-3:
        raise InputError(
            f"{path}: several slices at one position",
            got=f"{int((gaps < 1e-3).sum())} of {len(distance)} slices doubled",
            expected="one slice at each position",
            hint="split time points, echoes or repeats into folders of their own",
        )
    worst = int(np.argmax(np.abs(gaps - step)))
    if abs(gaps[worst] - step) > _GAP_TOLERANCE * step:
        raise InputError(
            f"{path}: slices at irregular distances",
            got=f"{gaps[worst]:.3f} mm between slices {worst + 1} and {worst + 2}, {step:.3f} mm usually",
            expected="equal distances",
            hint="is a slice missing?",
        )
    return float((distance[-1] - distance[0]) / (len(distance) - 1))


def _check_straight(path: Path, ordered: list[Slice], span: Vector, normal: Vector) -> None:
    sideways = span - (span @ normal) * normal
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(sideways), span @ normal)))
    if tilt > _TILT_TOLERANCE_DEG:
        raise InputError(
            f"{path}: the slices are stacked askew (gantry tilt)",
            got=f"{tilt:.1f} degrees",
            expected="slices stacked along their normal",
            hint="straighten the series first, for example in 3D Slicer",
        )
    across = np.array([_origin(one) - _origin(ordered[0]) for one in ordered])
    across -= np.outer(np.linspace(0, 1, len(ordered)), span)
    across -= np.outer(across @ normal, normal)
    stray = float(np.linalg.norm(across, axis=1).max())
    if stray > 0.5 * min(ordered[0].spacing_mm):
        raise InputError(f"{path}: slices shifted sideways", got=f"{stray:.2f} mm", expected="one straight stack")
