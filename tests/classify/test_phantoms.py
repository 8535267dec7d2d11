from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.files import read_volume
from lesionlab.kinds import all_tasks, kind_of
from lesionlab.kinds.classify.samples import labelled
from lesionlab.kinds.classify.sampling import sample
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.store.cases import read_cases

TASKS = [task for task in all_tasks().values() if isinstance(task, ClassifyTask)]
SLOW = {"postmortem"}


@pytest.mark.parametrize(
    "task",
    [pytest.param(t, id=t.name, marks=[pytest.mark.slow] if t.phantom in SLOW else []) for t in TASKS],
)
def test_the_phantoms_of_a_task_show_all_its_classes_and_fit_its_form(task: ClassifyTask, tmp_path: Path) -> None:
    kind = kind_of(task)

    kind.phantom(task, tmp_path / "cohort", len(task.classes), np.random.default_rng(3), None)

    cases = read_cases(tmp_path / "cohort")
    assert {case.label for case in labelled(task, cases)} == set(task.classes)
    assert all(kind.is_labelled(task, case) for case in cases)
    seen = sample(task, read_volume(cases[0].image), cases[0].point_mm, cases[0].size_mm).values
    assert np.isfinite(seen).all()
    assert seen.std() > 0.1
