"""``lesionlab evaluate``: one model or two, as JSON and as a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Model, Request
from lesionlab.kinds.shape.kind import ShapeKind
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.store.cases import Case, write_cases
from lesionlab.task import Task
from tests.cli.voxel_model import AFFINE, SHAPE, Cli, VoxelModel
from tests.studies.pages import Reader


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Three volumes whose lesions have 1, 2 and 4 voxels; each is clicked on its first voxel."""
    folder = tmp_path / "cohort"
    (folder / "labels" / "final").mkdir(parents=True)
    cases = []
    for number, length in enumerate((1, 2, 4)):
        image, mask = np.zeros(SHAPE, np.int16), np.zeros(SHAPE, np.uint8)
        mask[2 : 2 + length, 5, 4] = 1
        name = f"case-{number}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(image, AFFINE), folder / name)
        nibabel.save(nibabel.Nifti1Image(mask, AFFINE), folder / "labels" / "final" / name)
        point = (26.0, 10.0, 10.0)
        cases.append(Case(folder / name, None, f"p{number}", "lesion", point, 8.0))
    write_cases(folder, cases)
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    (tmp_path / "other").mkdir()
    return tmp_path / "other"


def load_as(models: dict[Path | None, Model], monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: ShapeKind, task: Task, model_dir: Path | None = None) -> Model:
        return models[model_dir]

    monkeypatch.setattr(ShapeKind, "load", load)


def test_the_page_shows_the_figures_that_the_json_holds(
    cli: Cli, model: VoxelModel, cohort: Path, tmp_path: Path
) -> None:
    answer = cli(
        "evaluate", "lesion_shape", "--data", cohort, "--html", tmp_path / "p.html", "--json", tmp_path / "s.json"
    )

    page = Reader((tmp_path / "p.html").read_text(encoding="utf-8"))
    # One voxel of 1, 2 and 4: Dice 1, 2/3 and 2/5.
    assert (answer.status, answer.out) == (0, f"the report is in {tmp_path / 'p.html'}\n")
    assert "Mean Dice: 0.689 (" in page.text
    assert {"case-0.nii.gz", "1.000", "0.667", "0.400"} <= set(page.cells)
    assert '"dice_mean": 0.68' in (tmp_path / "s.json").read_text()


def test_two_models_are_compared_on_the_same_cases_in_one_run(
    cli: Cli, model: VoxelModel, cohort: Path, other: Path, tmp_path: Path
) -> None:
    page, scores = tmp_path / "p.html", "-"

    answer = cli("evaluate", "lesion_shape", "--data", cohort, "--against", other, "--html", page, "--json", scores)

    first = answer.json["differences"][0]
    assert (first["name"], first["difference"], first["low"], first["high"]) == ("mean Dice", 0, 0, 0)
    assert answer.json["model"] == answer.json["against"]
    assert f"the shipped model and {other} cannot be told apart" in Reader(page.read_text(encoding="utf-8")).text


def test_the_better_model_is_named(
    cli: Cli, cohort: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing(VoxelModel):
        """Marks a voxel of the image's corner."""

        def predict(self, volume, request):  # type: ignore[no-untyped-def]
            return super().predict(volume, request.model_copy(update={"point_mm": (30.0, 20.0, -10.0)}))

    load_as({None: VoxelModel(), other: Nothing()}, monkeypatch)
    page = tmp_path / "p.html"

    assert cli("evaluate", "lesion_shape", "--data", cohort, "--against", other, "--html", page).status == 0
    assert f"the shipped model is better than {other}: mean Dice 0.689 against 0.000" in Reader(page.read_text()).text
    assert (
        cli(
            "evaluate", "lesion_shape", "--data", cohort, "--model", other, "--against", "shipped", "--html", page
        ).status
        == 0
    )
    assert f"{other} is worse than the shipped model" in Reader(page.read_text()).text


class SometimesNothing(VoxelModel):
    """Marks nothing in the cases with these numbers, counted as they are asked."""

    def __init__(self, *missed: int) -> None:
        super().__init__()
        self._missed = missed

    def predict(self, volume: Volume, request: Request) -> ShapeResult:
        found = super().predict(volume, request)
        if len(self.asked) - 1 not in self._missed:
            return found
        return replace(found, mask=Volume.zeros(found.mask.geometry), diameter_mm=0.0, volume_mm3=0.0)


def test_an_empty_mask_has_no_border_distance_and_the_median_says_of_how_many_it_is(
    cli: Cli, cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_as({None: SometimesNothing(1)}, monkeypatch)
    page = tmp_path / "p.html"

    answer = cli("evaluate", "lesion_shape", "--data", cohort, "--html", page, "--json", "-")

    # Along the lesion voxels are 2 mm apart. One voxel of one: 0 mm. One of four: the others are 2, 4 and 6 mm off, and 95 % of
    # the way from the first to the last of 0, 2, 4, 6 lies 5.7 mm. The median of 0 and 5.7 is 2.85.
    assert answer.status == 0
    assert [lesion["hd95_mm"] for lesion in answer.json["lesions"]] == [0.0, None, pytest.approx(5.7)]
    assert answer.json["summary"]["hd95_median_mm"] == pytest.approx(2.85)
    assert (answer.json["summary"]["hd95_lesions"], answer.json["summary"]["lesions"]) == (2, 3)
    cells = Reader(page.read_text(encoding="utf-8")).cells
    median = cells.index("median 95 % Hausdorff distance, mm (of 2 of 3 lesions)")
    assert cells[median + 1] == "2.850"
    worst = cells.index("case-1.nii.gz")
    assert cells[worst + 1 : worst + 6] == ["0.000", "0.800", "–", "−1.000", "−1.000"]


def test_a_model_that_marks_nothing_at_all_is_scored_without_a_border_distance(
    cli: Cli, cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_as({None: SometimesNothing(0, 1, 2)}, monkeypatch)
    page = tmp_path / "p.html"

    answer = cli("evaluate", "lesion_shape", "--data", cohort, "--html", page, "--json", "-")

    summary = answer.json["summary"]
    assert (summary["dice_mean"], summary["hd95_median_mm"], summary["hd95_lesions"]) == (0.0, None, 0)
    cells = Reader(page.read_text(encoding="utf-8")).cells
    assert cells[cells.index("median 95 % Hausdorff distance, mm (of 0 of 3 lesions)") + 1] == "–"


def test_border_distances_are_compared_on_the_lesions_that_both_models_marked(
    cli: Cli, cohort: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for missed in ((1,), (0, 1, 2)):
        load_as({None: VoxelModel(), other: SometimesNothing(*missed)}, monkeypatch)
        answer = cli("evaluate", "lesion_shape", "--data", cohort, "--against", other, "--json", "-")
        names.append([one["name"] for one in answer.json["differences"]])
        if missed == (1,):
            distance = answer.json["differences"][1]
            assert (distance["ours"], distance["theirs"]) == (pytest.approx(2.85), pytest.approx(2.85))

    assert names[0][1] == "mean 95 % Hausdorff distance, mm (of 2 of 3 lesions)"
    assert names[1] == ["mean Dice", "mean error of the diameter", "mean error of the volume"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nowhere to write"),
        (["--html", "/no/such/p.html"], "the folder of --html does not exist"),
        (["--against", "shipped", "--json", "-"], "the two models are the same"),
        (["--against", "/no/such", "--json", "-"], "--against is not a folder"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work_begins(
    cli: Cli, model: VoxelModel, cohort: Path, arguments: list[str], words: str
) -> None:
    answer = cli("evaluate", "lesion_shape", "--data", cohort, *arguments)

    assert (answer.status, answer.out, model.asked) == (2, "", [])
    assert words in answer.err
