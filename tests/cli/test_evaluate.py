"""``lesionlab evaluate``: one model or two, as JSON and as a page."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from lesionlab.kinds.kind import Model
from lesionlab.kinds.shape.kind import ShapeKind
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

    def load(self: ShapeKind, task: Task, model_dir: Path | None = None) -> Model:
        return VoxelModel() if model_dir is None else Nothing()

    monkeypatch.setattr(ShapeKind, "load", load)
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
