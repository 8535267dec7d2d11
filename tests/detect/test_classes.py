"""Several classes of lesions by one network: bright and dark discs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.detect.calibrating import Calibrated
from lesionlab.kinds.detect.finding import merged
from lesionlab.kinds.detect.images import Found, marked_images
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.result import Candidate, DetectResult
from lesionlab.kinds.detect.scoring import image_marks
from lesionlab.kinds.detect.task import DetectRequest, DetectTask
from lesionlab.kinds.detect.weights import build_network, read_weights, write_weights
from lesionlab.kinds.exhibits import Table
from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import train
from lesionlab.metrics.calibration import Calibration
from lesionlab.progress import silent
from lesionlab.store.cases import Case, read_cases, write_cases
from tests.detect.bright import detect_task

GEOMETRY = Geometry((64, 64, 1), np.eye(4))


def two_classes() -> DetectTask:
    return DetectTask.model_validate(
        {
            **detect_task(dimension=2).model_dump(),
            "intensity": {"unit": "value", "low": -100, "high": 100},
            "classes": {"bright": ["lamp"], "dark": ["hole", "well"]},
            "training": {"epochs": 2, "steps": 50, "batch": 4, "learning_rate": 3e-3},
        }
    )


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen noisy pictures with a lamp, a hole and a cross of no class."""
    folder = tmp_path_factory.mktemp("discs")
    rng = np.random.default_rng(3)
    x, y = np.mgrid[:64, :64]
    cases = []
    for number in range(16):
        values = 12 * rng.standard_normal((64, 64))
        path = folder / f"case-{number:02d}.nii.gz"
        for label, sign, column in (("lamp", 1, 16), ("well" if number % 2 else "hole", -1, 46)):
            i, j = column + int(rng.integers(-6, 7)), int(rng.integers(10, 54))
            values += sign * 100 * np.clip(1 - ((x - i) ** 2 + (y - j) ** 2) / 25, 0, 1)
            cases.append(Case(path, None, path.name, label, (float(i), float(j), 0.0), 10.0))
        cases.append(Case(path, None, path.name, "cross", (32.0, 32.0, 0.0), 8.0))
        write_volume(Volume(values.astype(np.int16)[..., None], GEOMETRY), path)
    write_cases(folder, cases)
    return folder


@pytest.fixture(scope="module")
def model(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> DetectModel:
    out = tmp_path_factory.mktemp("trained")
    train(two_classes(), cohort, out, TrainOptions(seed=1, fresh=True), silent)
    return DetectModel.load(two_classes(), out)


def test_each_class_is_found_and_scored_by_itself(cohort: Path, model: DetectModel) -> None:
    task = two_classes()
    found = kind_of(task).evaluate(task, model, cohort, silent)

    assert found["lesions"] == 32  # a mark of no class is no lesion
    assert [row["class"] for row in found["by_class"]] == ["bright", "dark"]
    assert [row["lesions"] for row in found["by_class"]] == [16, 16]
    assert min(row["cpm"] for row in found["by_class"]) >= 0.8
    tables = [each for each in kind_of(task).exhibits(task, found) if isinstance(each, Table)]
    assert "By class" in [table.title for table in tables]


def test_a_candidate_says_its_class(cohort: Path, model: DetectModel) -> None:
    image = next(iter(marked_images(read_cases(cohort), two_classes())))

    found = model.predict(image.volume, DetectRequest(confidence=0.0)).summary()

    for lesion in image.lesions:
        nearest = min(found["candidates"], key=lambda c: np.linalg.norm(np.subtract(c["point_mm"], lesion.point_mm)))
        assert nearest["class"] == ("bright", "dark")[lesion.lesion_class]
    assert set(found["operating_points"]) == {"bright", "dark"}


def test_a_mark_of_another_class_is_false_and_finds_nothing() -> None:
    lesions = [Found((0, 0, 0), 10.0, 0), Found((50, 0, 0), 10.0, 1)]
    candidates = [
        Candidate((1, 0, 0), 9.0, 0.9, 1),
        Candidate((51, 0, 0), 9.0, 0.7, 1),
        Candidate((0, 1, 0), 9, 0.6, 0),
    ]

    whole = image_marks(candidates, lesions)
    second = image_marks(candidates, lesions, only=1)

    assert (whole.found.tolist(), whole.false.tolist()) == ([0.6, 0.7], [0.9])
    assert (second.found.tolist(), second.false.tolist()) == ([0.7], [0.9])


def test_candidates_of_different_classes_are_not_merged() -> None:
    same = [Candidate((0, 0, 0), 10.0, 0.5, 0), Candidate((1, 0, 0), 10.0, 0.4, 1)]

    assert merged(same) == same


def test_labels_mean_classes_by_name_or_as_the_task_lists_them() -> None:
    task = two_classes()

    assert [task.class_of(label) for label in ("bright", "lamp", "well", "cross", "")] == [0, 0, 1, None, None]
    assert detect_task().class_of("anything") == 0


def test_a_class_without_labels_takes_what_belongs_to_no_other_and_is_not_ignored() -> None:
    classes = {"mass": [], "calcifications": ["cluster"]}
    task = DetectTask.model_validate({**detect_task().model_dump(), "classes": classes, "ignored": ["clip"]})

    assert [task.class_of(label) for label in ("round", "cluster", "mass", "clip")] == [0, 1, 0, None]


def test_marks_of_no_class_alone_are_refused_with_the_labels_that_would_count(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    write_volume(Volume(np.zeros((64, 64, 1), dtype=np.int16), GEOMETRY), path)
    write_cases(tmp_path, [Case(path, None, "a", "cross", (1.0, 1.0, 0.0), 4.0)])

    with pytest.raises(InputError, match="labelled bright, dark, hole, lamp, well"):
        train(two_classes(), tmp_path, tmp_path / "out", TrainOptions(fresh=True), silent)


def test_how_to_read_each_class_is_kept_in_the_file(tmp_path: Path) -> None:
    task = two_classes()
    readings = (
        Calibrated(Calibration(knots_x=(0.0, 1.0), knots_y=(0.0, 0.5)), 0.3),
        Calibrated(None, 0.7),
    )

    write_weights(tmp_path / "w.safetensors", build_network(task), readings, {})
    found = read_weights(task, tmp_path / "w.safetensors").readings

    assert [reading.operating_point for reading in found] == [0.3, 0.7]
    assert [reading.read(0.4) for reading in found] == pytest.approx([0.2, 0.4])


def test_an_answer_without_classes_speaks_of_none() -> None:
    found = DetectResult((Candidate((0, 0, 0), 10.0, 0.5),), (0.4,), "v").summary()

    assert found == {
        "candidates": [{"point_mm": [0, 0, 0], "size_mm": 10.0, "confidence": 0.5}],
        "operating_point": 0.4,
        "model_version": "v",
    }


def test_a_pyramid_over_a_pretrained_body_is_for_planes() -> None:
    settings = {**detect_task(dimension=2).model_dump(), "body": "efficientnet_lite0", "classes": {"a": [], "b": []}}

    network = build_network(DetectTask.model_validate(settings))

    assert sum(p.numel() for p in network.head[-1].parameters()) == 3 * 65
    with pytest.raises(ValueError, match="planes only"):
        DetectTask.model_validate({**settings, "dimension": 3})
