"""One simulated annotation of a pool, strategy by strategy; every version is kept, so that it goes on after an interruption."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import Look, Model, TrainOptions
from lesionlab.learning.active import Candidate, by_disagreement, by_diversity, by_surprise, by_uncertainty
from lesionlab.learning.train import fit
from lesionlab.progress import Progress, Report, silent
from lesionlab.store.cases import MASKS, Case, read_cases, write_cases
from lesionlab.store.files import image_name, write_atomically
from lesionlab.studies.active import ActiveSettings, Point, StrategyName
from lesionlab.studies.simulating import POOL, RUNS, TEST, by_image, link
from lesionlab.task import Task

_START, _POINT, _DATA = "start", "point.json", "data"
#: How many versions are asked where they disagree: the newest ones.
_COMMITTEE = 3


def run_seed(task: Task, settings: ActiveSettings, out: Path, seed: int, report: Report = silent) -> list[Point]:
    """All strategies on one pool."""
    import torch

    torch.set_num_threads(1)
    return _Seed(task, settings, out, seed, report).run()


class _Seed:
    def __init__(self, task: Task, settings: ActiveSettings, out: Path, seed: int, report: Report) -> None:
        self._task, self._settings, self._seed, self._report = task, settings, seed, report
        self._kind = kind_of(task)
        self._folder = out / RUNS / f"seed-{seed}"
        images = by_image(read_cases(out / POOL))
        order = np.random.default_rng([seed, 1]).permutation(sorted(images))[: settings.labels[-1]]
        #: The pool, in the order in which cases are labelled at random.
        self._pool = {str(name): images[str(name)] for name in order}
        self._test = read_cases(out / TEST)

    def run(self) -> list[Point]:
        start = self._start()
        points: list[Point] = []
        for number, strategy in enumerate(self._settings.strategies):
            labelled = list(self._pool)[: self._settings.labels[0]]
            versions = [start]
            for count in self._settings.labels:
                if count > len(labelled):
                    labelled += self._chosen(strategy, labelled, versions, count - len(labelled))
                folder = self._version_folder(strategy, count)
                points.append(self._point(strategy, labelled, folder, start))
                versions.append(folder)
                done = number * len(self._settings.labels) + self._settings.labels.index(count) + 1
                total = len(self._settings.strategies) * len(self._settings.labels)
                mean = float(np.mean(list(points[-1].scores.values())))
                text = f"simulation {self._seed + 1}: {strategy}, {count} labels, {self._kind.metric} {mean:.3f}"
                self._report(Progress(self._seed * total + done, self._settings.seeds * total, text))
        return points

    def _start(self) -> Path | None:
        """The first model, before any strategy has a say; None for the shipped weights as they are."""
        if not self._settings.start_epochs:
            return None
        folder = self._folder / _START
        if not (folder / "scores.json").is_file():
            first = list(self._pool)[: self._settings.labels[0]]
            options = TrainOptions(self._settings.start_epochs, self._seed, self._settings.fresh, device="cpu")
            self._train(first, folder, options)
        return folder

    def _version_folder(self, strategy: StrategyName, count: int) -> Path:
        """Before the first choice, and when nothing is left to choose, all strategies have the same labels and version."""
        same = count in (self._settings.labels[0], self._settings.labels[-1])
        return self._folder / ("all" if same else strategy) / f"{count:03d}"

    def _point(self, strategy: StrategyName, labelled: Sequence[str], folder: Path, start: Path | None) -> Point:
        path = folder / _POINT
        if not path.is_file():
            # In the pool's order: the same labels make the same version, in whatever order they were chosen.
            labels = [name for name in self._pool if name in set(labelled)]
            self._train(labels, folder, TrainOptions(self._settings.epochs, self._seed, start=start, device="cpu"))
            scores = self._kind.case_scores(self._task, self._kind.load(self._task, folder), self._test, silent)
            values = {f"{score.patient}: {score.case}": score.value for score in scores}
            point = Point(seed=self._seed, strategy=strategy, labels=tuple(labels), scores=values)
            write_atomically(path, point.model_dump_json(indent=1) + "\n")
        found = Point.model_validate_json(path.read_text(encoding="utf-8"))
        return found.model_copy(update={"strategy": strategy, "labels": tuple(labelled)})

    def _train(self, labelled: Sequence[str], folder: Path, options: TrainOptions) -> None:
        data = folder / _DATA
        shutil.rmtree(data, ignore_errors=True)
        write_cases(data, [_linked(case, data) for name in labelled for case in self._pool[name]])
        fit(self._kind.recipe(self._task, data, options), folder, options.seed, silent)
        shutil.rmtree(data)

    def _chosen(
        self, strategy: StrategyName, labelled: Sequence[str], versions: Sequence[Path | None], count: int
    ) -> list[str]:
        left = [name for name in self._pool if name not in set(labelled)]
        if strategy == "random" or count >= len(left):
            return left[:count]
        committee = versions[-_COMMITTEE:] if strategy == "disagreement" else versions[-1:]
        models = [self._kind.load(self._task, folder) for folder in committee]
        candidates = [self._candidate(name, models) for name in left]
        known = [self._look(name, models[-1]).features for name in labelled] if strategy in _NEED_LABELLED else []
        return list(_ORDERS[strategy](candidates, known)[:count])

    def _candidate(self, name: str, models: Sequence[Model]) -> Candidate:
        looks = [self._look(name, model) for model in models]
        results = [look.result for look in looks if look.result is not None]
        apart = [self._kind.apart(a, b) for a, b in combinations(results, 2)]
        told = [value for value in apart if value is not None]
        mean = float(np.mean(told)) if told else None
        return Candidate(name, True, looks[-1].uncertainty, looks[-1].features, mean)

    def _look(self, name: str, model: Model) -> Look:
        case = self._pool[name][0]
        look = self._kind.look(self._task, model, case, read_volume(case.image))
        if look is None:
            raise InputError(
                "the kind cannot look at unlabelled images", got=self._kind.name, expected="shape or detect, say"
            )
        return look


_ORDERS: dict[str, Callable[..., Sequence[str]]] = {
    "uncertainty": lambda candidates, _: by_uncertainty(candidates),
    "disagreement": lambda candidates, _: by_disagreement(candidates),
    "diversity": by_diversity,
    "surprise": by_surprise,
}
_NEED_LABELLED = ("diversity", "surprise")


def _linked(case: Case, data: Path) -> Case:
    """The case in another folder, its files not copied where the disk can share them."""
    image = link(case.image, data / case.image.name)
    mask = None if case.mask is None else link(case.mask, data / MASKS / case.mask.name)
    return Case(image, mask, case.patient or image_name(image), case.label, case.point_mm, case.size_mm, case.reader)
