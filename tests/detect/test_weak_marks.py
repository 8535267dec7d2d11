"""A detector learns from doses and spheres as it learns from points."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.preparing import prepare
from lesionlab.kinds.detect.weak_marks import weak_labels_of, weak_marks
from lesionlab.kinds.kind import TrainOptions
from lesionlab.phantoms.brain_dose import write_dose
from lesionlab.store.cases import Case, write_cases
from lesionlab.store.weak_files import WEAK
from lesionlab.weak.label import Circle, PointSize, Presence, Sphere
from tests.detect.bright import balls, detect_task

GEOMETRY = Geometry((48, 48, 40), np.diag([-1.0, -1.0, 1.0, 1.0]))
CENTRES = [GEOMETRY.index_to_ras((14.0, 20.0, 15.0)), GEOMETRY.index_to_ras((34.0, 30.0, 25.0))]


def test_spheres_and_circles_say_where_a_lesion_is_and_presence_does_not() -> None:
    labels = (
        Sphere(center_mm=(1, 2, 3), diameter_mm=8.0),
        Circle(center_mm=(4, 5, 6), normal=(0, 0, 1), diameter_mm=9.0),
        PointSize(point_mm=(7, 8, 9), size_mm=10.0),
        PointSize(point_mm=(7, 8, 9), size_mm=None),
        Presence(present=True),
    )

    found = weak_marks(None, labels, GEOMETRY)

    assert [(mark.point_mm, mark.size_mm) for mark in found] == [((1, 2, 3), 8.0), ((4, 5, 6), 9.0), ((7, 8, 9), 10.0)]


def datastore(folder: Path, point: bool) -> Path:
    """One image with two balls; a dose of 40 Gy in their middles that falls to 20 Gy at 5 mm, half their diameter."""
    image = folder / "brain-1.nii.gz"
    write_volume(balls(GEOMETRY, CENTRES, radius_mm=5.0), image)
    dose = 40 - 20 * np.sqrt(1 - balls(GEOMETRY, CENTRES, radius_mm=10.0).array / 100) * 2
    (folder / WEAK).mkdir(parents=True)
    write_dose(Volume(np.maximum(dose, 0).astype(np.float32), GEOMETRY), folder / WEAK / "brain-1.dose.dcm", "a")
    write_cases(folder, [Case(image, None, "a", "metastasis", CENTRES[0] if point else None, 9.0 if point else None)])
    return folder


def test_of_a_dose_the_parts_within_the_isodose_are_the_lesions(tmp_path: Path) -> None:
    folder = datastore(tmp_path, point=False)

    found = weak_marks(None, weak_labels_of(folder)["brain-1"], GEOMETRY)

    assert len(found) == 2
    for mark, centre in zip(sorted(found, key=lambda m: -m.point_mm[0]), CENTRES, strict=True):
        assert np.linalg.norm(np.subtract(mark.point_mm, centre)) <= 1.8
        assert mark.size_mm == pytest.approx(10.0, abs=2.0)


@pytest.mark.parametrize(("point", "lesions"), [(False, 2), (True, 1)])
def test_a_dose_counts_where_an_image_has_no_points(tmp_path: Path, point: bool, lesions: int) -> None:
    task = detect_task()
    settings = task.training.model_copy(update={"validation": 0.0, "test": 0.0})

    recipe = prepare(
        task.model_copy(update={"training": settings}), datastore(tmp_path, point), TrainOptions(fresh=True)
    )
    batch = recipe.draw(np.random.default_rng(0))

    assert (batch.heat > 0.999).any()
    assert len(recipe.training[0].lesions) == lesions


def test_markups_drawn_in_slicer_are_read_from_the_datastore(tmp_path: Path) -> None:
    folder = datastore(tmp_path, point=False)
    (folder / WEAK / "brain-1.dose.dcm").unlink()
    point = {"id": "1", "label": "lesion", "position": [*np.multiply(CENTRES[1], (-1, -1, 1)).tolist()]}
    markup = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [point]}
    (folder / WEAK / "brain-1.mrk.json").write_text(json.dumps({"markups": [markup]}))

    (label,) = [one for one in weak_labels_of(folder)["brain-1"] if isinstance(one, PointSize)]

    assert label.point_mm == pytest.approx(CENTRES[1])
    assert weak_marks(None, (label,), GEOMETRY) == []  # a point alone has no size
