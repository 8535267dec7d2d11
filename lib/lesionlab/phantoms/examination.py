"""A simulated mammographic examination: both breasts in two views, on one lattice whose third axis is the view.

A cancer is spiculated in both views of its breast, at the same distance from the nipple. A benign mass is smooth in both; where
tissues happen to overlap, one view shows something that looks spiculated, and the other does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.examination_breast import View, draw_breast, view_of
from lesionlab.phantoms.mammogram import Film
from lesionlab.phantoms.picture import Field
from lesionlab.phantoms.subtype_growth import Growth, grow

#: In the order of the third axis: right and left, from above (CC) and obliquely from the side (MLO).
VIEWS: tuple[tuple[str, View], ...] = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_VIEWS: tuple[View, View] = ("CC", "MLO")
#: Rows and columns of a view.
ROWS, COLUMNS = 384, 320
_SMOOTH = Growth(sharp=1.0, dense=0.3, spiculated=-0.9, drawing=0.0, grainy=-1.0)
_SPIKED = Growth(sharp=-0.3, dense=0.2, spiculated=1.2, drawing=0.0, grainy=-0.5)


@dataclass(frozen=True)
class Mark:
    """A shadow to paint: its size in pixels, how it grows, how bright it is, and in which views of its breast it shows."""

    size: float
    growth: Growth
    contrast: float
    views: tuple[View, ...]
    malignant: bool = False


@dataclass(frozen=True, eq=False)
class Examination:
    """``image`` uint8 and ``region`` bool, both (view, y, x): a cancer's core in the views that show it."""

    image: NDArray[np.uint8]
    region: NDArray[np.bool_]
    malignant: bool


def simulate_examination(rng: np.random.Generator, malignant: bool, film: Film | None = None) -> Examination:
    """One woman's four views."""
    findings, woman, shooting = rng.spawn(3)
    usual = Film(*(float(shooting.uniform(*span)) for span in ((0.85, 1.2), (1.5, 3.5), (0.4, 0.9))))
    breast = draw_breast(woman, (ROWS, COLUMNS))
    marks = {"R": _incidental(findings), "L": _incidental(findings)}
    marks["R" if findings.random() < 0.5 else "L"] += _decisive(findings, malignant)
    image = np.zeros((len(VIEWS), ROWS, COLUMNS), dtype=np.uint8)
    region = np.zeros(image.shape, dtype=bool)
    sites = {side: [breast.site(findings, mark.size) for mark in marks[side]] for side in ("R", "L")}
    for n, (side, view) in enumerate(VIEWS):
        tissue = view_of(woman, breast, side, view)
        level = tissue.level
        for mark, site in zip(marks[side], sites[side], strict=True):
            if view not in mark.views:
                continue
            shadow = grow(findings, (ROWS, COLUMNS), tissue.place(findings, site), mark.size, mark.growth)
            level = level + mark.contrast * shadow.added * tissue.inside
            if mark.malignant:
                region[n] |= shadow.core & (tissue.inside > 0.5)
        image[n] = _expose(shooting, level * tissue.inside, film or usual)
        if side == "R":  # hung back to back: the right breast looks to the left
            image[n], region[n] = image[n][:, ::-1].copy(), region[n][:, ::-1].copy()
    return Examination(image, region, malignant)


def _decisive(rng: np.random.Generator, malignant: bool) -> list[Mark]:
    """A cancer, or what stands in its place: a smooth mass, or tissue that looks spiculated in one view and not in the other."""
    size, contrast = float(rng.uniform(34, 60)), float(rng.uniform(50, 78))
    if malignant:
        return [Mark(size, _like(rng, _SPIKED), contrast, ("CC", "MLO"), malignant=True)]
    if rng.random() < 0.5:
        return [Mark(size, _like(rng, _SMOOTH), contrast, ("CC", "MLO"))]
    one, other = _VIEWS if rng.random() < 0.5 else _VIEWS[::-1]
    return [Mark(size, _like(rng, _SPIKED), contrast, (one,)), Mark(size, _like(rng, _SMOOTH), contrast, (other,))]


def _incidental(rng: np.random.Generator) -> list[Mark]:
    """Findings that any breast may have: smooth masses, and summation in one view."""
    out: list[Mark] = []
    if rng.random() < 0.3:
        out.append(Mark(float(rng.uniform(24, 56)), _like(rng, _SMOOTH), float(rng.uniform(42, 75)), ("CC", "MLO")))
    if rng.random() < 0.15:
        view = _VIEWS[int(rng.integers(2))]
        out.append(Mark(float(rng.uniform(30, 56)), _like(rng, _SPIKED), float(rng.uniform(46, 75)), (view,)))
    return out


def _like(rng: np.random.Generator, growth: Growth) -> Growth:
    """A growth with signs of about the same strength."""
    sharp, dense, spiculated, grainy = rng.normal(0, 0.25, 4)
    return Growth(
        growth.sharp + sharp, growth.dense + dense, growth.spiculated + spiculated, 0.0, growth.grainy + grainy
    )


def _expose(rng: np.random.Generator, level: Field, film: Film) -> NDArray[np.uint8]:
    shown = ndimage.gaussian_filter(level, film.blur)
    shown = 240 * (np.clip(shown, 0, 230) / 230) ** film.gamma
    shown = shown + rng.standard_normal(shown.shape, dtype=np.float32) * np.float32(film.noise)
    return np.asarray(np.clip(np.rint(shown), 0, 255), dtype=np.uint8)
