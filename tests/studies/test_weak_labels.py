"""Painted against weak labels: what each kind of label tells a training, what is counted, and the study from end to end."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import ndimage

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds import find_task
from lesionlab.phantoms.brain_dose import write_dose
from lesionlab.progress import silent
from lesionlab.store.cases import MASKS, Case, read_cases, write_cases
from lesionlab.store.weak_files import WEAK
from lesionlab.studies.weak_labels import LabelName, TimeSettings, Trained, WeakSettings, simulate, study_task
from lesionlab.studies.weak_labels_curves import label_seconds, needed, study
from lesionlab.studies.weak_labels_run import labelled
from tests.cli.voxel_model import Cli
from tests.detect.bright import balls, detect_task

GEOMETRY = Geometry((36, 36, 24), np.diag([1.0, 1.0, 2.0, 1.0]))


def cohort(folder: Path, cases: int, seed: int) -> Path:
    """One ball in each image, with its mask, its point and size, and a dose."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(cases):
        i, j, k = (float(rng.uniform(8, n - 8)) for n in GEOMETRY.shape)
        point = GEOMETRY.index_to_ras((i, j, k))
        clean = balls(GEOMETRY, [point], radius_mm=5.0).array
        image, mask = folder / f"case-{number}.nii.gz", folder / MASKS / f"case-{number}.nii.gz"
        mask.parent.mkdir(parents=True, exist_ok=True)
        (folder / WEAK).mkdir(parents=True, exist_ok=True)
        write_volume(Volume((clean + 5 * rng.standard_normal(clean.shape)).astype(np.int16), GEOMETRY), image)
        write_volume(Volume((clean > 0).astype(np.uint8), GEOMETRY), mask)
        dose = ndimage.gaussian_filter((clean > 0).astype(np.float32), 1) * 40
        write_dose(Volume(dose, GEOMETRY), folder / WEAK / f"case-{number}.dose.dcm", f"case-{number}")
        rows.append(Case(image, mask, f"case-{number}", "ball", point, 10.0, "phantom"))
    write_cases(folder, rows)
    return folder


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("pool"), 4, seed=1)


def test_painted_cases_hold_masks_and_no_points(pool: Path, tmp_path: Path) -> None:
    labelled(WeakSettings.quick(), pool, tmp_path / "data", "painted", 3, seed=0)

    cases = read_cases(tmp_path / "data")
    assert len(cases) == 3
    assert all(case.mask is not None and case.point_mm is None for case in cases)
    assert not (tmp_path / "data" / WEAK).exists()


def test_spheres_are_off_as_the_settings_say_and_the_same_however_many_cases_there_are(
    pool: Path, tmp_path: Path
) -> None:
    truth = {case.patient: case for case in read_cases(pool)}
    settings = WeakSettings.quick().model_copy(update={"away": 0.1, "factor": 0.2})
    marks: dict[str, Point] = {}
    for count in (2, 4):
        labelled(settings, pool, tmp_path / str(count), "sphere", count, seed=3)
        for case in read_cases(tmp_path / str(count)):
            assert case.mask is None
            assert case.point_mm is not None
            assert marks.setdefault(case.patient, case.point_mm) == case.point_mm
            off = np.linalg.norm(np.subtract(case.point_mm, truth[case.patient].point_mm or ()))
            assert 0 < off < 0.1 * 10 * 4
            assert case.size_mm != truth[case.patient].size_mm
    assert len(marks) == 4


def test_doses_come_with_neither_points_nor_masks(pool: Path, tmp_path: Path) -> None:
    labelled(WeakSettings.quick(), pool, tmp_path / "data", "dose", 2, seed=0)

    cases = read_cases(tmp_path / "data")
    assert all(case.mask is None and case.point_mm is None for case in cases)
    assert len(list((tmp_path / "data" / WEAK).iterdir())) == 2


@pytest.mark.parametrize(
    ("wanted", "cases"),
    [
        (0.5, 10),  # the first number tried
        (0.6, math.sqrt(10 * 20)),  # half of the way from 0.5 to 0.7: the geometric mean
        (0.7, 20),
        (0.8, math.sqrt(40 * 80)),  # 0.65 at 40 cases counts as 0.7
        (0.95, math.inf),
    ],
)
def test_cases_needed_lie_between_the_numbers_tried(wanted: float, cases: float) -> None:
    found = needed((10, 20, 40, 80), np.array([0.5, 0.7, 0.65, 0.9]), wanted)

    assert found == pytest.approx(cases)


def rows(scores: dict[LabelName, list[list[float]]]) -> list[Trained]:
    """Scores by label, seed and count (10, 20, 40)."""
    return [
        Trained(label=label, count=count, seed=seed, cpm=value)
        for label, seeds in scores.items()
        for seed, values in enumerate(seeds)
        for count, value in zip((10, 20, 40), values, strict=True)
    ]


def test_a_label_half_as_good_needs_twice_the_cases_with_an_interval_over_the_seeds() -> None:
    found = study(
        rows({"painted": [[0.4, 0.6, 0.8], [0.4, 0.6, 0.8]], "sphere": [[0.2, 0.4, 0.6], [0.2, 0.5, 0.7]]}),
        {"painted": 360.0, "sphere": 36.0},
    )
    painted, sphere = found.curves

    assert found.reference == 20
    assert found.performance == pytest.approx(0.6)
    assert painted.needed.value == pytest.approx(20)
    assert painted.hours.value == pytest.approx(20 * 0.1)
    assert sphere.needed.value == pytest.approx(20 * 2**0.75)  # 0.45 and 0.65 on the mean
    assert sphere.needed.low == pytest.approx(20 * 2**0.5)
    assert sphere.needed.high == pytest.approx(40)
    assert sphere.short is not None
    assert [one.value for one in sphere.short] == pytest.approx([-0.2, -0.15, -0.15])


def test_seconds_are_counted_by_slices_and_voxels_and_clicks(tmp_path: Path) -> None:
    mask = np.zeros((10, 10, 8), dtype=np.uint8)
    mask[2:5, 2:4, 1:4] = 1  # 18 voxels in 3 slices
    image = tmp_path / "pool" / "a.nii.gz"
    path = tmp_path / "pool" / MASKS / "a.nii.gz"
    path.parent.mkdir(parents=True)
    geometry = Geometry(mask.shape, np.eye(4))
    write_volume(Volume(mask, geometry), path)
    write_volume(Volume(mask, geometry), image)
    write_cases(tmp_path / "pool", [Case(image, path, "a", "x", (3.0, 2.0, 2.0), 3.0)])
    times = TimeSettings(case=100, search=10, click=2, slice=5, voxel=0.5, dose=7)

    assert label_seconds(tmp_path, ("painted", "sphere", "dose"), times) == {
        "painted": 100 + 10 + 3 * 5 + 18 * 0.5,
        "sphere": 100 + 10 + 2 * 2,
        "dose": 107,
    }


def test_the_study_runs_from_end_to_end_and_goes_on_where_it_stopped(cli: Cli, tmp_path: Path) -> None:
    out, tasks = tmp_path / "study", tmp_path / "tasks"
    cohort(out / "pool", 4, seed=1)
    cohort(out / "test", 2, seed=2)
    tasks.mkdir()
    settings = detect_task().model_dump(mode="json", exclude={"name"})
    (tasks / "bright_balls.yaml").write_text(yaml.safe_dump(settings))

    first = cli("study", "weak-labels", "bright_balls", "--tasks", tasks, "--out", out, "--quick")

    assert first.status == 0, first.err
    found = json.loads((out / "weak-labels.json").read_text())
    assert [row["label"] for row in found["labels"]] == ["painted", "sphere", "dose"]
    assert len(found["models"]) == 3 * 2 * 2
    assert "Learning curves" in (out / "weak-labels.html").read_text()
    kept = out / "runs" / "sphere-002-1" / "scores.json"
    kept.write_text(Trained(label="sphere", count=2, seed=1, cpm=0.321).model_dump_json())
    assert cli("study", "weak-labels", "bright_balls", "--tasks", tasks, "--out", out, "--quick").status == 0
    assert 0.321 in [row["cpm"] for row in json.loads((out / "weak-labels.json").read_text())["models"]]
    with pytest.raises(ConflictError, match="other settings"):
        simulate(detect_task(), WeakSettings(cases=4, test=2, counts=(1, 2)), out, 1, silent)


def test_what_cannot_be_studied_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no detector"):
        study_task(find_task("lesion_shape"), WeakSettings())
    with pytest.raises(InputError, match="task settings of the study: grids"):
        study_task(detect_task(), WeakSettings(task={"grids": 3}))
    with pytest.raises(ValueError, match="cannot exceed cases"):
        WeakSettings(cases=4, counts=(2, 8))
