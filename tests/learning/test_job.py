"""A training job from labels to a promoted version, on a model of one number."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import lesionlab.learning.job as module
from lesionlab.learning.job import TrainingJob
from lesionlab.store.house import House
from lesionlab.store.jobs import Job, Jobs
from lesionlab.store.versions import TrainRequest, UsedWeak, Versions
from tests.learning.level import TASK, LevelKind, LevelRecipe, write_case


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kind_of", lambda task: LevelKind())
    # A process that draws ahead costs more than this training.
    monkeypatch.setattr(module, "drawers", lambda: 0)


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in range(20):
        write_case(tmp_path, f"good{number:02d}", 0.3 + 0.02 * rng.random())
    return tmp_path


def train(studies: Path, **asked: object) -> Job:
    jobs = Jobs(House.of(str(studies)).jobs())
    job = jobs.add(TASK.name, TrainRequest.model_validate(asked))
    jobs.start(job.id, 1, 1.0)
    TrainingJob(studies, jobs, jobs.get(job.id), TASK).run()
    return jobs.get(job.id)


def versions(studies: Path) -> Versions:
    return Versions(House.of(str(studies)).models)


def test_a_better_version_is_promoted_and_tells_what_it_was_made_of(studies: Path) -> None:
    job = train(studies, seed=3)
    assert (job.state, job.version) == ("done", "v1")
    assert job.comparison is not None
    assert (job.comparison.against, job.comparison.promoted, job.comparison.patients) == ("shipped", True, 4)
    # The shipped level is 0 and the labels lie near 0.31.
    assert job.comparison.current == pytest.approx(0.69, abs=0.01)
    assert job.comparison.new == pytest.approx(0.99, abs=0.01)
    assert versions(studies).current("level") == "v1"
    made = versions(studies).get("level", "v1")
    assert (made.parent, made.job, made.request.seed, len(made.labels)) == ("shipped", job.id, 3, 20)
    file = studies / "labels" / "final" / "good07.nii.gz"
    assert (
        next(label.sha256 for label in made.labels if label.image == file.name)
        == hashlib.sha256(file.read_bytes()).hexdigest()
    )
    assert {score.part for score in made.scores} == {"test"}


def test_a_version_records_the_weak_labels_that_stood_in_for_masks(
    studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = UsedWeak(image="b.nii", patient="b", part="train", kind="Sphere", trust=0.67, sha256="0" * 64)
    monkeypatch.setattr(LevelRecipe, "weak", (used,))
    train(studies)
    assert versions(studies).get("level", "v1").weak == (used,)


def test_marks_that_are_saved_while_a_job_was_dead_make_it_begin_again(studies: Path) -> None:
    jobs = Jobs(House.of(str(studies)).jobs())
    job = jobs.add(TASK.name, TrainRequest())
    jobs.start(job.id, 1, 1.0)
    attempt = TrainingJob(studies, jobs, jobs.get(job.id), TASK)
    attempt._begin()
    left = House.of(str(studies)).training(job.id) / "left"
    left.touch()
    attempt._begin()
    assert left.exists()
    (studies / "marks").mkdir()
    (studies / "marks" / "good01.mrk.json").write_text("{}")
    attempt._begin()
    assert not left.exists()


def test_a_second_training_goes_on_from_the_first(studies: Path) -> None:
    train(studies)
    assert versions(studies).get("level", str(train(studies).version)).parent == "v1"
    assert versions(studies).get("level", str(train(studies, fresh=True).version)).parent is None


def test_a_harmful_batch_of_labels_is_not_promoted_and_the_reason_is_readable(studies: Path) -> None:
    train(studies)
    for number in range(20):  # masks that take far too much, of new patients: a part of them lands in the test set
        write_case(studies, f"bad{number:02d}", 0.8)
    job = train(studies)
    assert job.comparison is not None
    assert job.state == "done"
    assert job.comparison.promoted is False
    assert job.comparison.difference == pytest.approx(-0.25, abs=0.03)
    assert "not promoted" in job.standing.message
    assert "test patients whose labels were there before" in job.standing.message
    found = versions(studies)
    assert found.current("level") == "v1"
    assert [each.version for each in found.all("level")] == ["v2", "v1"]
    test = [label.image for label in found.get("level", "v2").labels if label.part == "test"]
    assert any(image.startswith("bad") for image in test)


def test_while_the_shipped_weights_answer_the_first_training_says_which_labels_were_there_before(
    studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LevelKind, "shipped", 0.31)
    train(studies, fresh=True, epochs=1)
    assert versions(studies).current("level") == "shipped"
    for number in range(40):
        write_case(studies, f"bad{number:02d}", 0.8)
    job = train(studies)
    assert job.comparison is not None
    assert (job.comparison.against, job.comparison.patients, job.comparison.promoted) == ("shipped", 4, False)


@pytest.mark.parametrize("spoilt", [10, 20])
def test_good_labels_spoilt_afterwards_are_not_promoted_either(studies: Path, spoilt: int) -> None:
    train(studies)
    for number in range(spoilt):
        write_case(studies, f"good{number:02d}", 0.9)
    job = train(studies)
    assert job.comparison is not None
    assert job.comparison.promoted is False


def test_retraining_three_times_with_growing_labels_never_moves_a_patient(studies: Path) -> None:
    known: dict[str, str] = {}
    for batch in range(3):
        for number in range(7):
            write_case(studies, f"more{batch}-{number}", 0.31)
        made = versions(studies).get("level", str(train(studies, seed=batch).version))
        now = {label.patient: label.part for label in made.labels}
        assert len(now) == 20 + 7 * (batch + 1)
        assert {patient: now[patient] for patient in known} == known
        known = dict(now)


def test_too_few_patients_promote_nothing(tmp_path: Path) -> None:
    for number in range(4):
        write_case(tmp_path, f"few{number}", 0.3)
    job = train(tmp_path)
    assert job.comparison is not None
    assert job.comparison.promoted is False
    assert "it takes 3 patients" in job.comparison.reason
    assert versions(tmp_path).current("level") == "shipped"


class Killed(BaseException):
    """The process dies."""


def test_a_killed_job_goes_on_from_its_last_epoch_and_ends_as_if_nothing_had_happened(
    studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(studies, fresh=True)
    job, jobs = _dies_in_third_epoch(studies, monkeypatch)
    job_module_steps: list[int] = []
    monkeypatch.setattr(module, "fit", _counting(job_module_steps))
    TrainingJob(studies, jobs, job, TASK).run()
    assert job_module_steps[0] == 121
    first, second = (versions(studies).get("level", name) for name in (str(whole.version), "v2"))
    assert first.training == second.training


def test_a_killed_job_whose_labels_changed_begins_again(studies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, jobs = _dies_in_third_epoch(studies, monkeypatch)
    write_case(studies, "good00", 0.35)
    steps: list[int] = []
    monkeypatch.setattr(module, "fit", _counting(steps))
    TrainingJob(studies, jobs, job, TASK).run()
    assert steps[0] == 1


def test_a_job_killed_after_it_kept_its_version_makes_no_second_one(
    studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(House.of(str(studies)).jobs())
    job = jobs.add(TASK.name, TrainRequest())
    jobs.start(job.id, 1, 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(Versions, "use", _die)
        with pytest.raises(Killed):
            TrainingJob(studies, jobs, job, TASK).run()
    TrainingJob(studies, jobs, job, TASK).run()
    assert (jobs.get(job.id).state, jobs.get(job.id).version) == ("done", "v1")
    assert versions(studies).current("level") == "v1"
    assert len(versions(studies).all("level")) == 1


def _die(*_: object) -> None:
    raise Killed


def _dies_in_third_epoch(studies: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Job, Jobs]:
    jobs = Jobs(House.of(str(studies)).jobs())
    job = jobs.add(TASK.name, TrainRequest(fresh=True))
    jobs.start(job.id, 1, 1.0)
    fit = module.fit

    def dying(recipe, out, seed, report, workers, team):  # type: ignore[no-untyped-def]
        def reported(progress):  # type: ignore[no-untyped-def]
            report(progress)
            if progress.done == 150:
                raise Killed

        return fit(recipe, out, seed, reported, workers, team)

    with monkeypatch.context() as patched:
        patched.setattr(module, "fit", dying)
        with pytest.raises(Killed):
            TrainingJob(studies, jobs, job, TASK).run()
    return job, jobs


def _counting(steps: list[int]):  # type: ignore[no-untyped-def]
    fit = module.fit

    def counted(recipe, out, seed, report, workers, team):  # type: ignore[no-untyped-def]
        def reported(progress):  # type: ignore[no-untyped-def]
            steps.append(progress.done)
            report(progress)

        return fit(recipe, out, seed, reported, workers, team)

    return counted


def test_the_record_is_plain_json(studies: Path) -> None:
    train(studies)
    record = json.loads((House.of(str(studies)).models / "level" / "v1" / "version.json").read_text(encoding="utf-8"))
    assert record["configuration"]["kind"] == "level"
    assert len(record["training"]["history"]) == 4
    assert record["comparison"]["promoted"] is True
