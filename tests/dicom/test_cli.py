"""``lesionlab dicom``, through the front door."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from lesionlab.store.dicom_series import Series, open_series
from lesionlab.weak.label import Contours
from lesionlab.weak.markups import read_markups
from lesionlab.weak.struct import struct_dataset
from tests.cli.voxel_model import Cli
from tests.weak.dciodvfy import errors
from tests.weak.dicom_series import GEOMETRY, SHAPE, ct_series, dose, save_series


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_series(tmp_path / "ct", ct_series())


@pytest.fixture
def series(folder: Path) -> Series:
    return open_series(folder)


@pytest.fixture
def mask(series: Series, tmp_path: Path) -> Path:
    """Two lesions: 3 x 4 x 2 voxels of 1.2 mm3, and one voxel."""
    array = np.zeros(SHAPE, np.uint8)
    array[4:7, 5:9, 1:3] = 1
    array[15, 2, 4] = 2
    write_volume(Volume(array, series.geometry), tmp_path / "mask.nii.gz")
    return tmp_path / "mask.nii.gz"


def test_a_mask_becomes_a_dicom_seg_and_comes_back_the_same(cli: Cli, folder: Path, mask: Path, tmp_path: Path) -> None:
    seg, back = tmp_path / "seg.dcm", tmp_path / "back.nii.gz"
    answer = cli("dicom", "seg", mask, "--series", folder, "--out", seg, "--name", "nodule", "--json", "-")
    assert json.loads(answer.out) == {"segments": ["nodule", "Lesion 2"]}
    assert errors(seg) == []
    assert cli("dicom", "mask", seg, "--series", folder, "--out", back).status == 0
    np.testing.assert_array_equal(read_volume(back).array, read_volume(mask).array)
    assert cli("dicom", "mask", seg, "--series", folder, "--out", back, "--name", "nodule").status == 0
    np.testing.assert_array_equal(read_volume(back).array, read_volume(mask).array == 1)


def test_a_report_holds_each_lesions_place_diameter_and_volume(
    cli: Cli, folder: Path, mask: Path, tmp_path: Path
) -> None:
    report, points = tmp_path / "sr.dcm", tmp_path / "points.mrk.json"
    answer = cli("dicom", "report", mask, "--series", folder, "--out", report, "--reader", "Ann^B", "--json", "-")
    big, small = json.loads(answer.out)["findings"]
    # 3 columns of 0.8 mm and 4 rows of 0.5 mm: sqrt(2.4^2 + 2^2) = 3.124 mm; 24 voxels of 1.2 mm3.
    assert big["diameter_mm"] == pytest.approx(3.124, rel=1e-3)
    assert big["volume_mm3"] == pytest.approx(28.8, rel=1e-4)
    assert small["label"]["point_mm"] == pytest.approx(GEOMETRY.index_to_ras((15, 2, 4)), abs=1e-3)
    assert errors(report) == []
    assert cli("dicom", "labels", report, "--out", points).status == 0
    first, second = read_markups(points)
    assert (first.reader, second.name) == ("Ann^B", "Lesion 2")


def test_an_isodose_and_a_structure_become_masks_on_the_series(
    cli: Cli, folder: Path, series: Series, tmp_path: Path
) -> None:
    gray = np.zeros(SHAPE)
    gray[3:8, 4:9, 2:4] = 20.0
    dose(gray, GEOMETRY).save_as(tmp_path / "dose.dcm", enforce_file_format=True)
    out = tmp_path / "m.nrrd"
    assert cli("dicom", "mask", tmp_path / "dose.dcm", "--series", folder, "--out", out, "--dose-gy", "10").status == 0
    np.testing.assert_array_equal(np.argwhere(read_volume(out).array)[[0, -1]], [[3, 4, 2], [7, 8, 3]])
    square = tuple(GEOMETRY.index_to_ras((i, j, 3.0)) for i, j in ((1.5, 2.5), (6.5, 2.5), (6.5, 9.5), (1.5, 9.5)))
    struct_dataset([Contours(name="GTV", contours_mm=(square,))], series.headers).save_as(
        tmp_path / "rs.dcm", enforce_file_format=True
    )
    answer = cli("dicom", "mask", tmp_path / "rs.dcm", "--series", folder, "--out", out, "--name", "GTV", "--json", "-")
    assert json.loads(answer.out)["voxels"] == 5 * 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["seg", "mask.nii.gz", "--out", "x.dcm"], "'lesionlab dicom seg' needs more; expected --series DIR and --out"),
        (["segs", "mask.nii.gz"], "invalid choice: 'segs'"),
        (["seg", "mask.nii.gz", "--series", "ct", "--out", "x.dcm", "--name", "a", "--name", "b", "--name", "c"], "more names"),
        (["labels", "ct/000.dcm", "--json", "-"], "holds no weak label; got DICOM modality CT"),
        (["labels", "nothing.dcm"], "does not exist; got nothing.dcm"),
    ],
)  # fmt: skip
def test_a_wrong_command_says_what_to_do(
    cli: Cli, folder: Path, mask: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(folder.parent)
    answer = cli("dicom", *arguments)
    assert answer.status == 2
    assert said in answer.err
