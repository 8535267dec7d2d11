"""A simulated annotation on a model of one number, and curves worked out by hand."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import lesionlab.studies.active as study
import lesionlab.studies.active_run as running
from lesionlab.cli import main
from lesionlab.errors import ConflictError, InputError
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Look, Model
from lesionlab.progress import Progress, silent
from lesionlab.store.cases import MASKS, Case, read_cases, write_cases
from lesionlab.studies.active import ActiveSettings, Point, prepare, simulate, study_task
from lesionlab.studies.active_curves import Weighing, best, curves
from lesionlab.studies.active_page import figures, page
from lesionlab.studies.report import render
from lesionlab.studies.simulating import read_settings
from lesionlab.task import Frozen, Task
from tests.learning.level import LevelKind, LevelModel, level, write_case


class Training(Frozen):
    validation: float = 0.2
    test: float = 0.2


class LevelTask(Task):
    training: Training = Training()


class SeeingKind(LevelKind):
    """Most cases are filled to a tenth, some to nine tenths; the model is unsure of what it is far from."""

    def look(self, task: Task, model: Model, case: Case, volume: Volume) -> Look:
        assert isinstance(model, LevelModel)
        return Look(abs(level(case) - model.value), np.array([level(case)], np.float32))

    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        names = [f"case{number:03d}" for number in range(cases)]
        full = [number % 5 == 0 for number in range(cases)]
        for name, much in zip(names, full, strict=True):
            write_case(out, name, 0.9 if much else 0.1)
        suffix = ".nii.gz"
        write_cases(
            out,
            [
                Case(out / f"{name}{suffix}", out / MASKS / f"{name}{suffix}", name, "full" if much else "poor")
                for name, much in zip(names, full, strict=True)
            ],
        )


TASK = LevelTask(name="level", kind="level", title="Level", description="How much of the image.")
SETTINGS = ActiveSettings(
    cases=30, test=10, labels=(2, 5, 10, 20), seeds=2, start_epochs=1, strategies=("random", "uncertainty", "diversity")
)


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (study, running):
        monkeypatch.setattr(module, "kind_of", lambda task: SeeingKind())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Point]]:
    out = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        for module in (study, running):
            patch.setattr(module, "kind_of", lambda task: SeeingKind())
        return out, simulate(TASK, SETTINGS, out, 1, silent)


def of(points: list[Point], strategy: str, labels: int, seed: int = 0) -> Point:
    return next(p for p in points if (p.strategy, len(p.labels), p.seed) == (strategy, labels, seed))


def test_labels_only_grow_and_begin_and_end_alike_for_all_strategies(done: tuple[Path, list[Point]]) -> None:
    _, points = done
    assert len(points) == 2 * 3 * 4
    for seed in (0, 1):
        for strategy in SETTINGS.strategies:
            grown = [of(points, strategy, count, seed).labels for count in SETTINGS.labels]
            assert all(after[: len(before)] == before for before, after in pairwise(grown))
            assert set(grown[-1]) == set(of(points, "random", 20, seed).labels)
            assert of(points, strategy, 20, seed).scores == of(points, "random", 20, seed).scores
        first = {of(points, strategy, 2, seed).labels for strategy in SETTINGS.strategies}
        assert len(first) == 1
    assert of(points, "random", 20, 0).labels != of(points, "random", 20, 1).labels


def test_uncertainty_labels_first_what_the_model_is_far_from(done: tuple[Path, list[Point]]) -> None:
    out, points = done
    weighing = Weighing(study.strata(out), {case.image.name: case.label for case in read_cases(out / "pool")})
    for seed in (0, 1):
        full = [
            sum(weighing.pool[name] == "full" for name in of(points, s, 5, seed).labels) for s in SETTINGS.strategies
        ]
        assert full[1] >= full[0]
        assert full[2] >= 1  # diversity: both kinds, always
    assert sum(weighing.pool[n] == "full" for n in of(points, "uncertainty", 5).labels) >= 2


def test_a_study_goes_on_where_it_was_interrupted(done: tuple[Path, list[Point]], tmp_path: Path) -> None:
    finished, points = done
    out = tmp_path / "study"
    shutil.copytree(finished, out)
    gone = out / "runs" / "seed-1" / "uncertainty" / "010"
    shutil.rmtree(gone)
    kept = (out / "runs" / "seed-0" / "random" / "005" / "model.safetensors").stat().st_mtime_ns
    told: list[str] = []
    assert simulate(TASK, SETTINGS, out, 1, lambda p: told.append(p.text)) == points
    assert (gone / "model.safetensors").is_file()
    assert (out / "runs" / "seed-0" / "random" / "005" / "model.safetensors").stat().st_mtime_ns == kept
    assert told[-1].startswith("simulation 2: diversity, 20 labels, agreement 0.")


def test_other_settings_do_not_go_into_the_same_folder(done: tuple[Path, list[Point]]) -> None:
    out, _ = done
    with pytest.raises(ConflictError, match="other settings"):
        prepare(TASK, SETTINGS.model_copy(update={"epochs": 7}), out)


def test_the_report_says_which_strategy_was_best(done: tuple[Path, list[Point]]) -> None:
    out, points = done
    made = page(points, SETTINGS, TASK, "agreement", out)
    assert "with at most 12 of 20 labels" in made.lead[0]
    html = render(made)
    assert html.count("<svg") == 2
    told = figures(points, SETTINGS, TASK, out)
    assert told["goal_labels"] == 12
    assert [c["strategy"] for c in told["curves"]["as in the pool"]["strategies"]] == list(SETTINGS.strategies)


def points_of(strategy: str, table: dict[int, list[tuple[float, float]]]) -> list[Point]:
    """For each number of labels, each seed's scores of a common and of a rare case."""
    return [
        Point(
            seed=seed,
            strategy=strategy,
            labels=tuple(f"i{n}" for n in range(labels)),
            scores={"a: a": common, "b: b": rare},
        )
        for labels, seeds in table.items()
        for seed, (common, rare) in enumerate(seeds)
    ]


WEIGHING = Weighing({"a": "common", "b": "rare"}, {"i0": "common", "i1": "common", "i2": "common", "i3": "rare"})


def test_curves_are_means_over_simulations_weighted_as_the_pool_is() -> None:
    found = curves(
        [
            *points_of(
                "random", {1: [(0.8, 0.4), (0.8, 0.0)], 2: [(0.8, 0.4), (0.9, 0.3)], 4: [(0.8, 0.8), (0.8, 0.8)]}
            ),
            *points_of(
                "surprise", {1: [(0.8, 0.4), (0.8, 0.0)], 2: [(0.8, 0.8), (0.9, 0.7)], 4: [(0.8, 0.8), (0.8, 0.8)]}
            ),
        ],
        WEIGHING,
    )
    random, surprise = found
    # Three of four cases of the cohort are common: 0.75 x 0.8 + 0.25 x 0.4 = 0.7, and 0.6; two simulations, t = 12.706.
    assert random.steps[0].score.value == pytest.approx(0.65)
    assert random.steps[0].score.high == pytest.approx(0.65 + 12.7062 * 0.05, abs=1e-3)
    assert (random.needed, surprise.needed) == (4, 2)
    # 0.80 - 0.70 and 0.85 - 0.75: the same gain in both simulations, so the interval has no width.
    gain = surprise.steps[1].gain
    assert gain is not None
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.1, 0.1, 0.1))
    assert random.steps[0].gain is None
    assert best(found, 2).strategy == "surprise"
    assert surprise.steps[2].chosen == {"common": 0.75, "rare": 0.25}


def test_every_kind_may_count_alike() -> None:
    point = points_of("random", {1: [(0.8, 0.4)]})[0]
    assert WEIGHING.mean(point) == pytest.approx(0.7)
    assert Weighing(WEIGHING.test, WEIGHING.pool, even=True).mean(point) == pytest.approx(0.6)


def test_settings_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    for text, what in (
        ("labels: [4, 4, 8]", "must rise"),
        ("labels: [4, 8, 500]", "cannot exceed cases"),
        ("strategies: [luck]", "strategies"),
        ("start_epochs: 0", "start_epochs"),
        ("seed: 3", "seed"),
        ("a: [", "cannot be read"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=what):
            read_settings(ActiveSettings, file)
    with pytest.raises(InputError, match="training"):
        study_task(TASK, SETTINGS.model_copy(update={"task": {"training": {"batch": 3}}}))
    changed = study_task(TASK, SETTINGS.model_copy(update={"task": {"training": {"test": 0.1}}}))
    assert isinstance(changed, LevelTask)
    assert (changed.training.test, changed.training.validation, changed.title) == (0.1, 0.0, "Level")


def test_the_command_refuses_a_kind_that_cannot_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("labels: [1]")
    assert main(["study", "active", "lesion_shape", "--out", str(tmp_path / "o"), "--settings", str(file)]) == 2
    assert "labels" in capsys.readouterr().err


def test_progress_counts_all_versions(done: tuple[Path, list[Point]]) -> None:
    out, _ = done
    told: list[Progress] = []
    simulate(TASK, SETTINGS, out, 1, told.append)
    assert [p.done for p in told[1:]] == list(range(1, 25))
    assert told[-1].total == 24
