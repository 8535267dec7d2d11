from __future__ import annotations

from pathlib import Path

import pytest

import lesionlab.learning.job as module
from lesionlab.learning.job import TrainingJob
from lesionlab.store.cases import Case, read_cases, write_cases
from lesionlab.store.house import House
from lesionlab.store.jobs import Jobs
from lesionlab.store.versions import TrainRequest, Versions
from tests.classify.blobs import classify_task, write_discs

TASK = classify_task(training={"epochs": 1, "steps": 2, "batch": 4})


def test_a_job_trains_on_classes_without_any_mask_and_knows_them_by_what_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "drawers", lambda: 0)
    write_discs(tmp_path, 16)
    jobs = Jobs(House.of(str(tmp_path)).jobs())
    kept = []
    for attempt in range(2):
        job = jobs.add(TASK.name, TrainRequest())
        jobs.start(job.id, 1, 1.0)
        TrainingJob(tmp_path, jobs, jobs.get(job.id), TASK).run()
        kept.append(Versions(House.of(str(tmp_path)).models).get(TASK.name, f"v{attempt + 1}"))
        first, *rest = read_cases(tmp_path)
        write_cases(tmp_path, [Case(first.image, None, first.patient, "striped", first.point_mm, 18.0), *rest])

    before, after = ({label.image: label.sha256 for label in version.labels} for version in kept)
    assert len(before) == 16
    assert {image for image in before if before[image] != after[image]} == {"case-00.nii.gz"}
    assert kept[0].comparison.promoted
    assert kept[0].comparison.metric == "probability of the true class"
