"""Points on simulated mammograms, at masses and at dense normal tissue that looks like them, as a datastore of PNGs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.image.geometry import Point
from lesionlab.phantoms.mammogram import EDGE, Border, Finding, Mammogram, Mass, simulate_mammogram
from lesionlab.phantoms.mammogram_cohort import SHIFTS
from lesionlab.phantoms.picture import write_png, write_region
from lesionlab.phantoms.writing import begin
from lesionlab.store.cases import Case, write_cases

_BORDERS: tuple[Border, ...] = get_args(Border)
#: Blobs are looked for on every fourth pixel, at these scales (pixels of the image).
_STEP, _SCALES = 4, (8, 13, 20, 30)
_MARGIN = 30.0
_CANDIDATES = 3
_CLICK = 6.0


def write_cohort(out: Path, cases: int, rng: np.random.Generator, shift: str | None = None) -> None:
    """Write PNGs until ``cases`` points are listed in ``cases.csv``, and the masses' discs as masks; no point has a size.

    Each image is a patient of its own, with as many ``normal`` points as masses, and one where there is no mass.

    Raises:
        InputError: there is no such shift.
        ConflictError: the folder holds a cohort already.
    """
    film = begin(out, shift, SHIFTS, None)
    listed: list[Case] = []
    number = 0
    while len(listed) < cases:
        number += 1
        (each,) = rng.spawn(1)
        path = out / f"patches-{number:04d}.png"
        listed += _write_case(path, simulate_mammogram(each, _masses(each), film), each)[: cases - len(listed)]
    write_cases(out, listed)


def dense_spots(image: NDArray[np.uint8], findings: tuple[Finding, ...]) -> list[tuple[float, float]]:
    """Where normal tissue (x, y) stands out most from what surrounds it, best first, off the masses and the skin."""
    small = ndimage.gaussian_filter(image.astype(np.float32), _STEP / 2)[::_STEP, ::_STEP]
    inside = ndimage.binary_fill_holes(ndimage.binary_opening(small > 25, iterations=3))
    allowed = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1] > _MARGIN / _STEP
    y, x = np.mgrid[: small.shape[0], : small.shape[1]] * float(_STEP)
    for finding in findings:
        allowed &= np.hypot(x - finding.x, y - finding.y) > finding.size * 0.75 + _MARGIN
    found: list[tuple[float, float, float]] = []
    for scale in _SCALES:
        sigma = scale / _STEP
        blob = ndimage.gaussian_filter(small, sigma) - ndimage.gaussian_filter(small, 1.6 * sigma)
        peaks = (blob == ndimage.maximum_filter(blob, 7)) & allowed & (blob > 0)
        found += [(float(blob[j, i]), float(i * _STEP), float(j * _STEP)) for j, i in np.argwhere(peaks)]
    return far_apart(found, 2 * _MARGIN)


def far_apart(spots: Iterable[tuple[float, float, float]], least: float) -> list[tuple[float, float]]:
    """Spots (strength, x, y), the strongest first; none lies within ``least`` of a stronger one."""
    kept: list[tuple[float, float]] = []
    for _, x, y in sorted(spots, reverse=True):
        if all((x - a) ** 2 + (y - b) ** 2 > least**2 for a, b in kept):
            kept.append((x, y))
    return kept


def _masses(rng: np.random.Generator) -> tuple[Mass, ...]:
    return tuple(
        Mass(
            size=float(np.exp(rng.uniform(np.log(28), np.log(110)))),
            border=_BORDERS[int(rng.integers(len(_BORDERS)))],
            contrast=float(rng.uniform(26, 70)),
        )
        for _ in range(int(rng.choice(3, p=(0.2, 0.6, 0.2))))
    )


def _write_case(path: Path, phantom: Mammogram, rng: np.random.Generator) -> list[Case]:
    y, x = np.mgrid[: phantom.image.shape[0], : phantom.image.shape[1]]
    discs = np.zeros(phantom.image.shape, dtype=bool)
    for finding in phantom.findings:
        discs |= np.hypot(x - finding.x, y - finding.y) < finding.size / 2
    write_png(path, phantom.image)
    mask = write_region(path, discs)
    spots = dense_spots(phantom.image, phantom.findings)[:_CANDIDATES]
    chosen = rng.permutation(len(spots))[: max(1, len(phantom.findings))]
    places = [("mass", f.x, f.y) for f in phantom.findings] + [("normal", *spots[n]) for n in chosen]
    return [Case(path, mask, path.stem, label, _click(rng, px, py), reader="phantom") for label, px, py in places]


def _click(rng: np.random.Generator, x: float, y: float) -> Point:
    """A point near (x, y) in the image, RAS mm: nobody clicks the very middle."""
    near = np.clip(np.array([x, y]) + rng.uniform(-_CLICK, _CLICK, 2), 0, EDGE - 1)
    return -float(near[0]), -float(near[1]), 0.0
