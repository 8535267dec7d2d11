"""Join trained networks into one weights file whose certainty is calibrated on lesions that the networks did not see.

``python -m benchmarks.calibrate_lesion_shape --folds DIR --members DIR ... --out FILE``

Every real lesion is clicked (exactly, with errors of click and size, and with the volume cut anew) and answered by the
model of its patient's fold. The pairs of sureness and Dice calibrate the file; each fold's own file is calibrated from
the other folds' pairs alone, so that ``benchmarks.shape_comparison`` can measure the reliability honestly.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.folds import FOLDS, fold_of
from benchmarks.real_cases import real_cases
from benchmarks.scoring import score
from benchmarks.trials import trials_of
from lesionlab.kinds import find_task
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.task import ShapeRequest, ShapeTask
from lesionlab.kinds.shape.weights import ShapeWeights, read_weights, write_weights
from lesionlab.metrics.calibration import Calibration

_log = logging.getLogger("calibrate")


@dataclass(frozen=True)
class Pair:
    """How sure the network was, and how good the mask is."""

    fold: int
    sureness: float
    dice: float


def pairs_of(task: ShapeTask, weights: list[ShapeWeights]) -> list[Pair]:
    """One pair for each trial of each real lesion, by the model that did not see the patient."""
    models = [ShapeModel(task, w.members, None, w.version) for w in weights]
    pairs = []
    for case in real_cases():
        fold = fold_of(case.patient)
        for trial in trials_of(case):
            request = ShapeRequest(point_mm=trial.point_mm, size_mm=trial.size_mm)
            result = models[fold].predict(trial.image, request)
            dice = score(result.mask, trial.truth, with_distance=False).dice
            pairs.append(Pair(fold, result.certainty, dice))
    return pairs


def fit(pairs: list[Pair]) -> Calibration:
    """The calibration that the pairs give."""
    return Calibration.fit(np.array([p.sureness for p in pairs]), np.array([p.dice for p in pairs]))


def _stored_pairs(file: Path, make: Callable[[], list[Pair]]) -> list[Pair]:
    """The pairs of an earlier call; delete the file when the folds' networks have changed."""
    if not file.is_file():
        file.write_text(json.dumps([asdict(pair) for pair in make()]), encoding="utf-8")
    return [Pair(**row) for row in json.loads(file.read_text(encoding="utf-8"))]


def main() -> None:
    """Read the arguments, calibrate the folds' files in place, and write the joined file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=Path, required=True, help="folder of fold0, fold1, ...")
    parser.add_argument("--members", type=Path, nargs="+", default=[], help="folders of the networks to join")
    parser.add_argument("--out", type=Path, help="the file to write")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    task = find_task("lesion_shape")
    assert isinstance(task, ShapeTask)
    files = [arguments.folds / f"fold{fold}" / "model.safetensors" for fold in range(FOLDS)]
    weights = [read_weights(task, file) for file in files]
    pairs = _stored_pairs(arguments.folds / "pairs.json", lambda: pairs_of(task, weights))
    for fold, (file, held) in enumerate(zip(files, weights, strict=True)):
        calibration = fit([pair for pair in pairs if pair.fold != fold])
        write_weights(file, held.members, calibration, {"task": task.name, "fold": str(fold)})
    _log.info("%d pairs, mean Dice %.3f", len(pairs), float(np.mean([p.dice for p in pairs])))
    if arguments.members and arguments.out is not None:
        members = [m for d in arguments.members for m in read_weights(task, d / "model.safetensors").members]
        facts = {"task": task.name, "licence": "see lesion_shape.md", "use": "research only, not a medical device"}
        write_weights(arguments.out, members, fit(pairs), facts)


if __name__ == "__main__":
    main()
