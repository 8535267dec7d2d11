"""The commands and examples of docs/weak-labels.md do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from lesionlab.cli import main
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from lesionlab.store.dicom_series import open_series
from lesionlab.weak import label as labels
from lesionlab.weak.label import Contours, PointSize, RecistLine
from lesionlab.weak.struct import struct_dataset
from tests.weak.dicom_series import GEOMETRY, SHAPE, ct_series, dose, save_series

DOCUMENT = (Path(__file__).parents[2] / "docs" / "weak-labels.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, flags=re.S)


def test_every_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    series = open_series(save_series(tmp_path / "ct", ct_series()))
    array = np.zeros(SHAPE, np.uint8)
    array[4:7, 5:9, 1:3] = 1
    write_volume(Volume(array, series.geometry), tmp_path / "mask.nii.gz")
    gray = np.zeros(SHAPE)
    gray[3:8, 4:9, 2:4] = 36.0
    dose(gray, GEOMETRY).save_as("dose.dcm", enforce_file_format=True)
    square = tuple(GEOMETRY.index_to_ras((i, j, 3.0)) for i, j in ((1.5, 2.5), (6.5, 2.5), (6.5, 9.5), (1.5, 9.5)))
    struct_dataset([Contours(name="GTV", contours_mm=(square,))], series.headers).save_as(
        "structures.dcm", enforce_file_format=True
    )
    commands = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(commands) == 7
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "lesionlab"
        assert main(arguments) == 0, command
    np.testing.assert_array_equal(read_volume(tmp_path / "back.nii.gz").array, array)
    assert read_volume(tmp_path / "high.nii.gz").array.sum() == 5 * 5 * 2
    assert read_volume(tmp_path / "gtv.nii.gz").array.sum() == 5 * 7


def test_the_examples_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "a.nii.gz").touch()
    (tmp_path / "studies" / "cases.csv").write_text("image,label\na,normal\n")
    target, folder = ({}, {})
    exec(blocks("python")[0], target)
    assert target["volume_mm3"] == pytest.approx(289, abs=3)
    assert np.unique(target["weight"]).tolist() == [pytest.approx(0.67)]
    exec(blocks("python")[1], folder)
    assert [type(one).__name__ for one in folder["labels"]] == ["Presence"]


def test_the_table_tells_the_trust_that_the_code_gives() -> None:
    rows = dict(re.findall(r"^\| (`[^|]+?) \|.*\| (\d\.\d\d) \|$", DOCUMENT, flags=re.M))
    point, line = (0.0, 0.0, 0.0), ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    expected = {f"`{name}`": getattr(labels, name).usual_trust for name in (
        "PointSize", "Sphere", "Circle", "RecistLine", "Ellipsoid", "Isodose", "Contours", "Presence")}  # fmt: skip
    expected["`PointSize` without size"] = PointSize(point_mm=point).trust
    expected["`RecistLine` with short axis"] = RecistLine(start_mm=line[0], end_mm=line[1], short_mm=line).trust
    assert {name: float(value) for name, value in rows.items()} == expected
