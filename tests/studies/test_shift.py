"""A task across sites, with a model whose failure under a shift is plain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lesionlab.kinds.kind import TrainOptions
from lesionlab.learning.train import train
from lesionlab.progress import silent
from lesionlab.studies.remedies import Site
from lesionlab.studies.report import shown
from lesionlab.studies.shift import ShiftStudy, Trained, study_shift
from tests.cli.voxel_model import Cli
from tests.studies.pages import Reader
from tests.studies.plain import TASK, use_plain, write_site


@pytest.fixture(autouse=True, scope="module")
def plain() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_plain(patch)
        yield


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> list[Site]:
    """Home, a twin of it, and a scanner that makes everything 20 brighter: there all images are called ill."""
    folder = tmp_path_factory.mktemp("sites")
    return [
        Site("home", write_site(folder / "home", 0)),
        Site("twin", write_site(folder / "twin", 0, seed=1)),
        Site("bright", write_site(folder / "bright", 20, seed=2)),
    ]


@pytest.fixture(scope="module")
def study(sites: list[Site]) -> ShiftStudy:
    return study_shift(TASK, sites, [Trained("home", None)], None, silent)


def test_the_model_fails_where_the_images_differ(study: ShiftStudy) -> None:
    assert [cell.figure.value for cell in study.cells] == [1, 1, 0.5]


def test_the_distance_of_the_sites_is_measured(study: ShiftStudy) -> None:
    twin, bright, _ = (pair.apart for pair in study.pairs)

    assert twin is not None
    assert bright is not None
    assert twin.images.low < 0.5 < bright.images.low
    assert bright.network is not None
    assert bright.network.low > 0.5
    # All intensities move by 20; half are 60 and half are 140, a spread of 40.
    assert (twin.transport, bright.transport) == pytest.approx((0, 20 / 40), abs=0.002)
    # The mean differs by 20, with a spread of 8 within each site; both percentiles differ by 20 with none.
    assert {name for name, _ in bright.largest} >= {"5th percentile", "95th percentile"}
    assert bright.distance > 2 * twin.distance


def test_both_remedies_mend_what_an_offset_breaks_and_harm_no_twin(study: ShiftStudy) -> None:
    found = {(one.remedy, one.site): (one.figures[0].theirs, one.figures[0].ours) for one in study.tried}

    # Adapted to 32 images the threshold is (32 x 120 + 16 x 100) / 48 = 113.3, between 112 and 128.
    assert found == {
        ("batch-norm adaptation", "twin"): (1, 1),
        ("batch-norm adaptation", "bright"): (0.5, 1),
        ("histogram standardisation", "twin"): (1, 1),
        ("histogram standardisation", "bright"): (0.5, 1),
    }


def test_each_model_is_held_against_its_own_site(sites: list[Site], tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    train(TASK, sites[2].folder, out, TrainOptions(epochs=1), silent)

    study = study_shift(
        TASK, sites, [Trained("home", None), Trained("bright", out), Trained("gone", out)], None, silent
    )

    assert [cell.figure.value for cell in study.cells] == [1, 1, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 1]
    assert {one.site for one in study.tried if one.model == "trained at bright"} == {"home", "twin"}
    assert study.untried == ("trained at gone: without images of gone the others cannot be standardised to them.",)
    assert {one.remedy for one in study.tried if one.model == "trained at gone"} == {"batch-norm adaptation"}


def test_training_again_with_copies_of_the_images_is_compared_with_training_without(sites: list[Site]) -> None:
    study = study_shift(TASK, sites, [Trained("home", None)], TrainOptions(epochs=1, seed=3), silent)

    tried = [one for one in study.tried if one.remedy.startswith("training")]

    assert [(one.site, one.model) for one in tried] == [
        ("twin", "trained anew at home"),
        ("bright", "trained anew at home"),
    ]
    assert [one.figures[0].theirs for one in tried] == [1, 0.5]


def test_the_report_is_one_page_with_the_matrix(cli: Cli, sites: list[Site], tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text("{kind: plain, title: Plain, description: For tests.}")
    out = tmp_path / "shift.html"
    given = [word for site in sites for word in ("--data", f"{site.name}={site.folder}")]

    answer = cli("study", "shift", "plain", "--tasks", tmp_path, *given, "--out", out, "--json", "-")

    assert answer.err == ""
    page = Reader(out.read_text(encoding="utf-8"))
    assert (answer.status, answer.err, page.open) == (0, "", [])
    assert len(answer.json["cells"]) == 3
    assert {"home", "twin", "bright", "1.000 (1.000 to 1.000)"} <= set(page.cells)
    assert "The shipped model: accuracy 1.000" in page.text
    assert len(page.alternatives) == 1 + 3 * 4
    bright = next(pair for pair in answer.json["pairs"] if (pair["first"], pair["second"]) == ("home", "bright"))
    row = page.cells[page.cells.index("home, bright") :][:6]
    assert row[3:5] == [shown(bright["apart"][name]) for name in ("distance", "transport")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "a={home}"], "one site shows no shift; got 1 --data"),
        (["--data", "{home}", "--data", "b={home}"], "--data is not of the form SITE=DIR"),
        (["--data", "a={home}", "--data", "a={home}"], "--data names a site twice; got a"),
        (["--data", "a={home}", "--data", "b=/no/such"], "--data is not a folder; got /no/such"),
        (["--data", "a={home}", "--data", "b={home}", "--model", "a=/no/such"], "--model is not a folder"),
        (["--data", "a={home}", "--data", "b={home}", "--retrain", "0"], "expected a whole number >= 1"),
    ],
)
def test_what_cannot_be_studied_is_one_line(
    cli: Cli, sites: list[Site], tmp_path: Path, arguments: list[str], words: str
) -> None:
    filled = [one.format(home=sites[0].folder) for one in arguments]

    answer = cli("study", "shift", "mass_mammo", *filled, "--out", tmp_path / "shift.html")

    assert (answer.status, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert words in answer.err
