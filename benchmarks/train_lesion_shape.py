"""Train the shipped ``lesion_shape`` weights again: first on simulated lesions alone, then with the real cases mixed in.

``python -m benchmarks.train_lesion_shape --out runs/lesion_shape`` trains the shipped model (all real cases);
``--fold K`` leaves out the patients of fold K, for the cross-validation of ``benchmarks.shape_comparison``. The first
stage knows no real case and is shared: it is trained once, in ``OUT/simulated``, and found there afterwards.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.folds import fold_of
from benchmarks.real_cases import real_cases
from lesionlab.kinds import find_task
from lesionlab.kinds.shape.data import cut_lesion, insert, known_outlines, simulate
from lesionlab.kinds.shape.recipe import ShapeRecipe, Source
from lesionlab.kinds.shape.samples import StoredLesion
from lesionlab.kinds.shape.task import ShapeTask, TrainingSettings
from lesionlab.kinds.shape.weights import read_weights
from lesionlab.learning.train import fit
from lesionlab.progress import Progress

SIMULATED = 4000
VALIDATION = 40
INSERTED_PER_CASE = 8
_log = logging.getLogger("train")


@dataclass(frozen=True)
class Stage:
    """Length, rate, and the patches of one stage."""

    epochs: int
    steps: int
    rate: float
    batch: int
    voxels: int

    def task(self) -> ShapeTask:
        """The shipped task, trained this long."""
        task = find_task("lesion_shape")
        assert isinstance(task, ShapeTask)
        training = TrainingSettings(epochs=self.epochs, steps=self.steps, batch=self.batch, learning_rate=self.rate)
        patch = task.patch.model_copy(update={"voxels": self.voxels})
        return task.model_copy(update={"training": training, "patch": patch})


FIRST = Stage(epochs=12, steps=150, rate=1e-3, batch=8, voxels=48)
#: A fold's network. At 32^3 an hour of two cores shows the network three times as many lesions as at 48^3.
FOLD = Stage(epochs=22, steps=150, rate=1.5e-3, batch=16, voxels=32)
#: The shipped network.
LAST = Stage(epochs=65, steps=150, rate=1.2e-3, batch=16, voxels=32)
#: Shares of a batch in the second stage: simulated, simulated in real surroundings, sarcomas, focal lesions.
SHARES = (0.27, 0.16, 0.47, 0.10)


def simulated_stage(out: Path, pool: Sequence[StoredLesion], seed: int) -> Path:
    """Train on simulated lesions alone, or find what an earlier call trained; returns the weights."""
    if not (out / "scores.json").is_file():
        recipe = ShapeRecipe(FIRST.task(), [Source(pool[VALIDATION:], 1.0)], pool[:VALIDATION])
        fit(recipe, out, seed, _report, workers=1)
    return out / "model.safetensors"


def real_stage(out: Path, start: Path, pool: Sequence[StoredLesion], fold: int | None, seed: int) -> None:
    """Go on from ``start`` with the real cases, less those of ``fold``."""
    focal: list[StoredLesion] = []
    sarcomas: list[StoredLesion] = []
    inserted: list[StoredLesion] = []
    validation: list[StoredLesion] = []
    outlines = known_outlines()
    rng = np.random.default_rng([seed, 5])
    for case in real_cases():
        lesion = cut_lesion(case.image, case.truth)
        left_out = fold is not None and fold_of(case.patient) == fold
        if lesion is not None and (left_out or fold is None):
            validation.append(lesion)
        if left_out:
            continue
        if lesion is not None:
            (focal if case.group == "focal" else sarcomas).append(lesion)
        inserted += insert(rng, case.image, INSERTED_PER_CASE, outlines)
    task = (LAST if fold is None else FOLD).task()
    pools = (pool[VALIDATION:], inserted, sarcomas, focal)
    sources = [Source(lesions, share) for lesions, share in zip(pools, SHARES, strict=True)]
    fit(ShapeRecipe(task, sources, validation, read_weights(task, start)), out, seed, _report, workers=1)


def _report(progress: Progress) -> None:
    if progress.done % 50 == 0:
        _log.info("step %d of %d, %s", progress.done, progress.total, progress.text)


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.manual_seed(arguments.seed)
    pool = simulate(np.random.default_rng(1), SIMULATED)
    start = simulated_stage(arguments.out / "simulated", pool, arguments.seed)
    name = "all" if arguments.fold is None else f"fold{arguments.fold}"
    real_stage(arguments.out / name, start, pool, arguments.fold, arguments.seed)


if __name__ == "__main__":
    main()
