"""Datastores of the real images that classification trains on: a click and a size with error stand in for the true mark.

``python -m benchmarks.real_stores breast_us DIR`` and ``python -m benchmarks.real_stores mammo_weak DIR``. Everybody is put into
the training part: the folds of the ensemble hold patients out in turn. The images are in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.real_cases import data_root
from lesionlab.metrics.overlap import longest_diameter_mm
from lesionlab.phantoms.mammogram_patches_cohort import far_apart
from lesionlab.store.cases import MASKS, Case, write_cases
from lesionlab.store.split import SPLIT

#: How far a reader's click and size are off: lesion radii, and share of the size.
CLICK_ERROR, SIZE_ERROR = 0.3, 0.2
#: Dense spots without a finding, for each mammogram.
NEGATIVES = 6
#: Sigmas of the difference of Gaussians that proposes them, px of 0.4 mm.
_SIGMAS = (6.0, 9.0, 13.0, 19.0)
#: How far from the breast's border, and from each other, the spots lie, px.
_INSIDE, _APART = 15.0, 20.0


@dataclass(frozen=True)
class Finding:
    """A circle on a mammogram: centre and radius, px (columns, rows); calcifications are findings, but no masses."""

    x: float
    y: float
    radius: float
    mass: bool


def breast_us(out: Path, seed: int = 0) -> None:
    """Write the ultrasound stills with a mass (425), near-duplicates as one patient."""
    folder = data_root() / "breast_us"
    rng = np.random.default_rng(seed)
    (out / MASKS).mkdir(parents=True)
    cases = []
    with (folder / "cases.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "normal"]
    for row in rows:
        mask = np.asarray(Image.open(folder / row["mask"]).convert("L")) > 0
        shutil.copy(folder / row["image"], out / row["image"])
        Image.fromarray(mask.astype(np.uint8)).save(out / MASKS / row["image"])
        x, y, size = click(mask, rng)
        point = (-x, -y, 0.0)
        cases.append(Case(out / row["image"], None, row["duplicate_group"], row["label"], point, size))
    _finish(out, cases)


def click(mask: NDArray[np.bool_], rng: np.random.Generator) -> tuple[float, float, float]:
    """What a reader might mark on a lesion: column, row and size, each with error; the click stays in the lesion."""
    rows, columns = np.nonzero(mask)
    diameter = longest_diameter_mm(mask[None], (1.0, 1.0))
    deepest = np.unravel_index(int(ndimage.distance_transform_edt(mask).argmax()), mask.shape)
    middle = np.array([(columns.mean() + deepest[1]) / 2, (rows.mean() + deepest[0]) / 2])
    size = min(diameter * rng.uniform(1 - SIZE_ERROR, 1 + SIZE_ERROR), max(mask.shape))
    for _ in range(50):
        x, y = middle + rng.uniform(-1, 1, 2) * CLICK_ERROR * diameter / 2
        inside = 0 <= round(y) < mask.shape[0] and 0 <= round(x) < mask.shape[1]
        if inside and mask[round(y), round(x)]:
            return float(x), float(y), float(size)
    return float(deepest[1]), float(deepest[0]), float(size)


def mammo_weak(out: Path, seed: int = 0) -> None:
    """Write mammograms with their masses and, for each, the dense spots that most resemble one; no sizes.

    The circles around masses are the masks: what a network may learn to draw in training.
    """
    folder = data_root() / "mammo_weak"
    rng = np.random.default_rng(seed)
    (out / MASKS).mkdir(parents=True)
    cases = []
    for name, patient, findings in _mammograms(folder):
        shutil.copy(folder / name, out / name)
        values = np.asarray(Image.open(folder / name).convert("L"), dtype=np.float32)
        Image.fromarray(in_circles(values.shape, [f for f in findings if f.mass])).save(out / MASKS / name)
        marks = [(f.x, f.y, min(f.radius, 20.0), "mass") for f in findings if f.mass]
        marks += [(x, y, 12.0, "normal") for x, y in dense_spots(values, findings)]
        for x, y, radius, label in marks:
            dx, dy = rng.uniform(-1, 1, 2) * CLICK_ERROR * radius
            last = np.array(values.shape[::-1]) - 1.0
            x, y = np.clip((x + dx, y + dy), 0, last)
            cases.append(Case(out / name, None, patient, label, (-float(x), -float(y), 0.0)))
    _finish(out, cases)


def in_circles(shape: tuple[int, ...], findings: list[Finding]) -> NDArray[np.uint8]:
    """1 within any of the circles, rows and columns."""
    row, column = np.indices(shape)
    inside = np.zeros(shape, dtype=np.uint8)
    for f in findings:
        inside[(row - f.y) ** 2 + (column - f.x) ** 2 <= f.radius**2] = 1
    return inside


def dense_spots(values: NDArray[np.float32], findings: list[Finding]) -> list[tuple[float, float]]:
    """Columns and rows of the densest blobs well inside the breast that are no finding, densest first.

    The densest rather than the most blob-like: otherwise the grey level alone tells findings from them. Labels of the film and the
    skin line, which blob finders like best, lie outside.
    """
    parts, count = ndimage.label(ndimage.binary_opening(values > 12, iterations=5))
    sizes = ndimage.sum_labels(np.ones_like(values), parts, index=range(1, count + 1))
    breast = ndimage.distance_transform_edt(np.pad(parts == 1 + int(np.argmax(sizes)), 1))[1:-1, 1:-1] > _INSIDE
    blobs: list[tuple[float, float, float]] = []
    for sigma in _SIGMAS:
        level = ndimage.gaussian_filter(values, sigma)
        response = (level - ndimage.gaussian_filter(values, 1.6 * sigma)) * breast
        peaks = (response == ndimage.maximum_filter(response, int(2 * sigma))) & (response > 0)
        blobs += [(float(level[row, column]), float(column), float(row)) for row, column in np.argwhere(peaks)]
    clear = [
        (level, x, y)
        for level, x, y in blobs
        if all((x - f.x) ** 2 + (y - f.y) ** 2 > (f.radius + 15) ** 2 for f in findings)
    ]
    return far_apart(clear, _APART)[:NEGATIVES]


def _mammograms(folder: Path) -> Iterator[tuple[str, str, list[Finding]]]:
    found: dict[str, tuple[str, list[Finding]]] = {}
    with (folder / "findings.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            _, findings = found.setdefault(row["image"], (row["patient"], []))
            if row["x_px"]:
                radius = max(float(row["radius_px"] or 25), 6.0)
                mass = row["abnormality"] != "CALC"
                findings.append(Finding(float(row["x_px"]), float(row["y_px"]), radius, mass))
    for name, (patient, findings) in sorted(found.items()):
        # Where a finding has no place, no spot can be called normal.
        if findings:
            yield name, patient, findings


def _finish(out: Path, cases: list[Case]) -> None:
    write_cases(out, cases)
    patients = {case.patient: "train" for case in cases}
    split = {"seed": 0, "shares": {"validation": 0.0, "test": 0.0}, "patients": patients}
    (out / SPLIT).write_text(json.dumps(split), encoding="utf-8")


def main() -> None:
    """Write one datastore."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=("breast_us", "mammo_weak"))
    parser.add_argument("out", type=Path, help="a folder that does not exist")
    args = parser.parse_args()
    {"breast_us": breast_us, "mammo_weak": mammo_weak}[args.which](args.out)


if __name__ == "__main__":
    main()
