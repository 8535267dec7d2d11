"""A detector on simulated images of a seed it was not trained on, and under every shift, beside the best simple blob finder.

``python -m benchmarks.detector_study TASK --cases 40 --seed 9001 --json FILE``
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from benchmarks.blobs import Bits, Values, blurred_within, brain, breast, everywhere, lungs
from lesionlab.errors import InputError
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.evaluation import first_candidates
from lesionlab.kinds.detect.finding import merged
from lesionlab.kinds.detect.images import MarkedImage, marked_images, stored
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.metrics.froc import RATES, ImageMarks, intervals, sensitivities, sensitivity_at
from lesionlab.phantoms.cohorts import COHORTS, write_cohort
from lesionlab.store.cases import read_cases

_log = logging.getLogger("detector_study")
#: Blob sizes of the finder, as standard deviations in samples.
_SIGMAS = (1.0, 1.5, 2.3, 3.5, 5.3, 8.0)


@dataclass(frozen=True)
class Row:
    """One method on one cohort."""

    method: str
    shift: str
    images: int
    lesions: int
    cpm: float
    cpm_interval_95: tuple[float, float]
    sensitivities: tuple[float, ...]
    at_target: float
    first_three: float


def blobs(task: DetectTask, image: MarkedImage) -> list[Candidate]:
    """Peaks of the difference of Gaussians at six scales on the task's own grid, strongest first, where such lesions can be.

    Both Gaussians look at that region alone, so that its border is no blob.
    """
    values, step = stored(task, image).values.astype(np.float32), task.grid.step_of(image.volume.geometry)
    region = _REGIONS.get(task.phantom, everywhere)(values, step)
    found = []
    for sigma in _SIGMAS:
        response = blurred_within(values, region, sigma) - blurred_within(values, region, 1.6 * sigma)
        peaks = (response == ndimage.maximum_filter(response, max(3, int(2 * sigma) | 1))) & (response > 0.02) & region
        for place in np.argwhere(peaks):
            index = (*place, 0)[:3] if task.dimension == 2 else tuple(place)
            # The grid's middle is the image's; its axes run R, A, S.
            offset = (np.asarray(index) - (np.asarray((*values.shape, 1)[:3]) - 1) / 2) * step
            found.append((tuple(float(x) for x in offset), 2.8 * sigma * step, float(response[tuple(place)])))
    found.sort(key=lambda row: -row[2])
    return merged([_placed(image, *row) for row in found[:400]])


_REGIONS: dict[str, Callable[[Values, float], Bits]] = {
    "chest": lungs,
    "brain": brain,
    "mammogram": lambda values, step: breast(values > -0.9)[1],
}


def _placed(image: MarkedImage, offset: tuple[float, ...], size: float, strength: float) -> Candidate:
    geometry = image.volume.geometry
    order, sign = geometry.canonical_axes()
    index = [(n - 1) / 2 for n in geometry.shape]
    for axis, s, away in zip(order, sign, offset, strict=True):
        index[axis] += s * away / geometry.spacing_mm[axis]
    return Candidate(geometry.index_to_ras((index[0], index[1], index[2])), size, strength)


def row(task: DetectTask, method: str, shift: str, compared: list[ImageMarks]) -> Row:
    """The figures of one method."""
    values = sensitivities(compared, RATES)
    low, high = intervals(compared, RATES, np.random.default_rng(0), draws=300)[-1]
    return Row(
        method=method,
        shift=shift,
        images=len(compared),
        lesions=sum(len(c.found) for c in compared),
        cpm=float(np.mean(values)),
        cpm_interval_95=(low, high),
        sensitivities=tuple(values),
        at_target=sensitivity_at(compared, task.false_positives),
        first_three=first_candidates(compared, 3),
    )


def study(task: DetectTask, model: DetectModel, cases: int, seed: int, shifts: list[str]) -> list[Row]:
    """Every cohort, one after the other."""
    rows = []
    for shift in ["", *shifts]:
        with tempfile.TemporaryDirectory() as folder:
            write_cohort(task.phantom, Path(folder), cases, np.random.default_rng(seed), shift or None)
            ours, theirs = [], []
            for image in marked_images(read_cases(Path(folder)), task):
                ours.append(image_marks(model.candidates(image.volume), image.lesions))
                theirs.append(image_marks(blobs(task, image), image.lesions))
        rows += [row(task, task.name, shift, ours), row(task, "difference of Gaussians", shift, theirs)]
        for done in rows[-2:]:
            _log.info("%s", done)
    return rows


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument(
        "--model", type=Path, default=None, help="a trained model's folder; the shipped weights by default"
    )
    parser.add_argument("--tasks", type=Path, nargs="*", default=(), help="folders of further tasks")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    task = find_task(arguments.task, tuple(arguments.tasks))
    if not isinstance(task, DetectTask):
        raise InputError("not a detector", got=arguments.task, expected="a task of kind detect")
    shifts = list(importlib.import_module(COHORTS[task.phantom]).SHIFTS)
    rows = study(task, DetectModel.load(task, arguments.model), arguments.cases, arguments.seed, shifts)
    text = json.dumps({"seed": arguments.seed, "rows": [asdict(r) for r in rows]}, indent=1) + "\n"
    arguments.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
