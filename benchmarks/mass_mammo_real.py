"""``mass_mammo`` on real mammograms (mini-MIAS): patient-wise cross-validation from phantoms, from ImageNet and from nothing.

``python -m benchmarks.mass_mammo_real --start WEIGHTS --json FILE --out FILE`` trains each fold from the phantom weights, from
ImageNet's and from random ones, with the same steps, and finds with a difference of Gaussians besides. ``--out`` then trains on
all images, from the phantoms; what its confidence means is learnt from the candidates on the held-out folds. The images are in
``../shared/data/mammo_weak``.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
from scipy import ndimage

from benchmarks.blobs import blurred_within, breast
from benchmarks.mass_mammo_folds import FOLDS, Job, Start, found_in, real_images, trained
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.calibrating import calibrated
from lesionlab.kinds.detect.evaluation import first_candidates
from lesionlab.kinds.detect.finding import find, merged
from lesionlab.kinds.detect.images import MarkedImage, stored
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.kinds.detect.weights import read_weights, write_weights
from lesionlab.metrics.bootstrap import resampled
from lesionlab.metrics.froc import competition_metric

Candidates = list[list[Candidate]]
_log = logging.getLogger("mass_mammo_real")


@dataclass(frozen=True, eq=False)
class Scores:
    """What was found on the held-out images of all folds; a candidate of any class hits any finding.

    Attributes:
        method: what found it.
        first_three, first_ten: shares of the findings that are among so many first candidates of their image.
        first_three_low, first_three_high: 95 % interval, bootstrap over patients.
        masses_first_three, calcifications_first_three: the first, of these findings alone.
        cpm: mean sensitivity at 1/8 to 8 false positives an image.
    """

    method: str
    first_three: float
    first_three_low: float
    first_three_high: float
    masses_first_three: float
    calcifications_first_three: float
    first_ten: float
    cpm: float


def difference_of_gaussians(image: MarkedImage) -> list[Candidate]:
    """The best blob finder of thirty lines: bright blobs at four scales, inside the breast and not on its border.

    Both Gaussians look at the breast alone, so that neither its edge nor the film's labels are blobs: 0.06 of the findings are
    among the first three without that, 0.38 with it. Scales and ratio were chosen on these images, which favours it.
    """
    values = np.asarray(image.volume.array[..., 0], dtype=np.float32)
    whole, inner = breast(values > 12)
    blobs = []
    for sigma in (6.0, 9.0, 13.0, 19.0):
        response = (blurred_within(values, whole, sigma) - blurred_within(values, whole, 2 * sigma)) * inner
        peaks = (response == ndimage.maximum_filter(response, int(sigma * 2))) & (response > 0)
        for i, j in np.argwhere(peaks):
            point = image.volume.geometry.index_to_ras((float(i), float(j), 0.0))
            blobs.append(Candidate(point, 2.8 * sigma, float(response[i, j])))
    return merged(blobs)


def summarise(method: str, images: Sequence[MarkedImage], found: Candidates) -> Scores:
    """The figures that are reported."""
    marks = [
        image_marks(
            merged([replace(c, lesion_class=0) for c in each]), [replace(x, lesion_class=0) for x in image.lesions]
        )
        for each, image in zip(found, images, strict=True)
    ]

    def of_class(lesion_class: int) -> float:
        kept = [[x.lesion_class == lesion_class for x in image.lesions] for image in images]
        # The others' hits still take a place among the first candidates.
        return first_candidates(marks, 3, kept)

    patients = [image.patient for image in images]
    first = resampled(
        lambda chosen: first_candidates([marks[n] for n in chosen], 3), np.random.default_rng(0), patients
    )
    return Scores(
        method,
        first.mean,
        first.low,
        first.high,
        of_class(0),
        of_class(1),
        first_candidates(marks, 10),
        competition_metric(marks),
    )


def write_final(job: Job, images: Sequence[MarkedImage], found: Candidates, out: Path) -> None:
    """Train on all images; what the confidence means comes from candidates on images that their network had not seen."""
    network = trained(job, [stored(job.task, image) for image in images])
    readings = [
        calibrated(
            [image_marks(c, image.lesions, n) for c, image in zip(found, images, strict=True)], job.task.false_positives
        )
        for n in range(job.task.class_count)
    ]
    write_weights(out, network, readings, {"task": job.task.name, "use": "research only, not a medical device"})


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="weights trained on phantoms")
    parser.add_argument("--tasks", type=Path, nargs="*", default=(), help="folders of further tasks")
    parser.add_argument("--beside", type=Path, metavar="DIR", help="phantoms that train beside the real images")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="an epoch")
    parser.add_argument("--trainings", type=int, default=1, help="of each fold, whose weights are averaged")
    parser.add_argument("--starts", nargs="+", choices=get_args(Start), default=list(get_args(Start)), metavar="START")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="also train on all images, and write the weights here")
    arguments = parser.parse_args()
    if arguments.out is not None and "phantoms" not in arguments.starts:
        parser.error("--out trains from the phantoms: --starts must hold phantoms")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    task = find_task("mass_mammo", tuple(arguments.tasks))
    assert isinstance(task, DetectTask)
    taken = {"epochs": arguments.epochs, "steps": arguments.steps, "batch": 8, "learning_rate": 6e-4}
    task = task.model_copy(update={"training": task.training.model_copy(update=taken)})
    images = real_images(task)
    network = read_weights(task, arguments.start).network.eval()
    rows = [summarise("difference of Gaussians", images, [difference_of_gaussians(i) for i in images])]
    rows.append(summarise("phantoms alone", images, [find(task, network, i.volume) for i in images]))
    starts: list[Start] = arguments.starts
    jobs = [
        Job(task, start, arguments.start, fold, arguments.beside, arguments.trainings)
        for start, fold in product(starts, range(FOLDS))
    ]
    held_out: dict[Start, dict[int, list[Candidate]]] = {start: {} for start in starts}
    with ProcessPoolExecutor(arguments.processes) as pool:
        for job, candidates in zip(jobs, pool.map(found_in, jobs), strict=True):
            held_out[job.start] |= candidates
            _log.info("%s, fold %s done", job.start, job.fold)
    for start in starts:
        rows.append(summarise(f"{start}, then real", images, [held_out[start][n] for n in range(len(images))]))
    arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    for row in rows:
        _log.info("%s", row)
    if arguments.out is not None:
        best = [held_out["phantoms"][n] for n in range(len(images))]
        job = Job(task, "phantoms", arguments.start, None, arguments.beside, arguments.trainings)
        write_final(job, images, best, arguments.out)


if __name__ == "__main__":
    main()
