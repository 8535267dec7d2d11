"""``mass_mammo`` on real mammograms (mini-MIAS): patient-wise cross-validation, with and without phantoms before.

``python -m benchmarks.mass_mammo_real --start WEIGHTS --json FILE`` trains each fold from the phantom weights and from random
ones, with the same steps, and finds with a difference of Gaussians besides. The images are in ``../shared/data/mammo_weak``.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from benchmarks.real_cases import data_root
from lesionlab.image.files import read_volume
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.evaluation import first_candidates
from lesionlab.kinds.detect.finding import find, merged
from lesionlab.kinds.detect.images import Found, MarkedImage, stored
from lesionlab.kinds.detect.recipe import DetectRecipe
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.task import DetectTask, TrainingSettings
from lesionlab.kinds.detect.weights import DetectWeights, build_network, read_weights
from lesionlab.learning.train import average, learning_rate
from lesionlab.metrics.froc import ImageMarks, competition_metric

FOLDS = 5
TRAINING = TrainingSettings(epochs=1, steps=200, batch=12, learning_rate=6e-4)
_log = logging.getLogger("mass_mammo_real")


@dataclass(frozen=True, eq=False)
class Scores:
    """What was found on the held-out images of all folds."""

    method: str
    first_three: float
    first_ten: float
    cpm: float


def real_images(with_calcifications: bool = True) -> list[MarkedImage]:
    """The mammograms with their circles; a pixel is 1 mm, as in any PNG."""
    folder = data_root() / "mammo_weak"
    found: dict[str, list[Found]] = {}
    patients: dict[str, str] = {}
    with (folder / "findings.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            patients[row["image"]] = row["patient"]
            if row["x_px"] and (with_calcifications or row["abnormality"] != "CALC"):
                point = (-float(row["x_px"]), -float(row["y_px"]), 0.0)
                found.setdefault(row["image"], []).append(Found(point, 2 * float(row["radius_px"])))
    return [
        MarkedImage(folder / name, patients[name], read_volume(folder / name), tuple(marks))
        for name, marks in sorted(found.items())
    ]


def folds_of(images: list[MarkedImage]) -> list[int]:
    """The fold of each image; patients are dealt at random, whole."""
    patients = sorted({image.patient for image in images})
    order = np.random.default_rng(7).permutation(len(patients))
    fold = {patients[p]: n % FOLDS for n, p in enumerate(order)}
    return [fold[image.patient] for image in images]


def cross_validate(task: DetectTask, images: list[MarkedImage], start: Path | None) -> list[ImageMarks]:
    """Train on the other folds, find on the held-out one; no held-out image chooses anything."""
    compared: list[ImageMarks | None] = [None] * len(images)
    folds = folds_of(images)
    for fold in range(FOLDS):
        torch.manual_seed(fold)
        weights = None if start is None else read_weights(task, start)
        if weights is None:
            weights = DetectWeights(build_network(task), (Calibrated(None, 0.5),), "random")
        training = [stored(task, image) for image, f in zip(images, folds, strict=True) if f != fold]
        network = _trained(DetectRecipe(task, training, [], weights), fold)
        for n, image in enumerate(images):
            if folds[n] == fold:
                compared[n] = image_marks(find(task, network, image.volume), image.lesions)
        _log.info("fold %d done", fold)
    return [c for c in compared if c is not None]


def _trained(recipe: DetectRecipe, seed: int) -> torch.nn.Module:
    optimizer = torch.optim.AdamW(recipe.network.parameters(), lr=recipe.learning_rate, weight_decay=1e-3)
    averaged = copy.deepcopy(recipe.network)
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step / recipe.steps) * recipe.learning_rate
        loss = recipe.loss(recipe.draw(np.random.default_rng([seed, step])))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(recipe.network.parameters(), 1.0)
        optimizer.step()
        average(averaged, recipe.network, step)
    return averaged.eval()


def difference_of_gaussians(image: MarkedImage) -> list[Candidate]:
    """The best blob finder of thirty lines: bright blobs at five scales, inside the breast."""
    values = np.asarray(image.volume.array[..., 0], dtype=np.float32)
    breast = ndimage.binary_opening(values > 12, iterations=5)
    blobs = []
    for sigma in (6.0, 9.0, 13.0, 19.0, 28.0):
        response = (ndimage.gaussian_filter(values, sigma) - ndimage.gaussian_filter(values, sigma * 1.6)) * breast
        peaks = (response == ndimage.maximum_filter(response, int(sigma * 2))) & (response > 0)
        for i, j in np.argwhere(peaks):
            point = image.volume.geometry.index_to_ras((float(i), float(j), 0.0))
            blobs.append(Candidate(point, 2.8 * sigma, float(response[i, j])))
    return merged(blobs)


def summarise(method: str, compared: list[ImageMarks]) -> Scores:
    """The figures that are reported."""
    return Scores(method, first_candidates(compared, 3), first_candidates(compared, 10), competition_metric(compared))


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="weights trained on phantoms")
    parser.add_argument("--tasks", type=Path, nargs="*", default=(), help="folders of further tasks")
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    task = find_task("mass_mammo", tuple(arguments.tasks))
    assert isinstance(task, DetectTask)
    task = task.model_copy(update={"training": TRAINING})
    images = real_images()
    network = read_weights(task, arguments.start).network.eval()
    rows = [
        summarise("difference of Gaussians", [image_marks(difference_of_gaussians(i), i.lesions) for i in images]),
        summarise("phantoms alone", [image_marks(find(task, network, i.volume), i.lesions) for i in images]),
        summarise("real alone", cross_validate(task, images, None)),
        summarise("phantoms, then real", cross_validate(task, images, arguments.start)),
    ]
    text = json.dumps([row.__dict__ for row in rows], indent=1) + "\n"
    arguments.json.write_text(text, encoding="utf-8")
    for row in rows:
        _log.info("%s", row)


if __name__ == "__main__":
    main()
