"""RTSTRUCT: holes, names, readers, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lesionlab.errors import InputError, NotFoundError
from lesionlab.weak.label import Contours, PointSize
from lesionlab.weak.struct import read_struct, struct_dataset
from lesionlab.weak.target import image_target
from tests.weak.dciodvfy import errors
from tests.weak.dicom_series import GEOMETRY, SHAPE, ct_series


def outline(k: int, low: float, high: float) -> tuple[tuple[float, float, float], ...]:
    """A square of the lattice from index ``low`` to ``high`` in slice k."""
    return tuple(
        GEOMETRY.index_to_ras((i, j, float(k))) for i, j in ((low, low), (high, low), (high, high), (low, high))
    )


@pytest.fixture
def series() -> list[Dataset]:
    return ct_series()


@pytest.fixture
def file(series: list[Dataset], tmp_path: Path) -> Path:
    ring = Contours(
        name="GTV",
        reader="Ann^B",
        contours_mm=tuple(outline(k, *edge) for k in (2, 3) for edge in ((1.5, 11.5), (4.5, 8.5))),
    )
    plain = Contours(name="CTV", contours_mm=(outline(4, 2.5, 6.5),))
    struct_dataset([ring, plain], series).save_as(tmp_path / "rs.dcm", enforce_file_format=True)
    return tmp_path / "rs.dcm"


def test_an_outline_within_another_is_a_hole_on_the_images_own_voxels(file: Path) -> None:
    gtv = read_struct(file, ["GTV"], image="a")
    expected = np.zeros(SHAPE)
    expected[2:12, 2:12, 2:4] = 1
    expected[5:9, 5:9, 2:4] = 0
    np.testing.assert_array_equal(image_target(gtv, GEOMETRY).voxels.array, expected)


def test_names_patient_and_reader_come_along(file: Path) -> None:
    assert [(one.name, one.patient, one.reader) for one in read_struct(file)] == [
        ("GTV", "P1", "Ann^B"),
        ("CTV", "P1", None),
    ]


def test_points_come_back_to_a_tenth_of_a_micrometre_of_what_was_written(file: Path) -> None:
    (ctv,) = read_struct(file, ["CTV"])
    assert isinstance(ctv, Contours)
    np.testing.assert_allclose(ctv.contours_mm[0], outline(4, 2.5, 6.5), atol=1e-4)


def test_a_point_structure_is_a_point(file: Path, series: list[Dataset], tmp_path: Path) -> None:
    import pydicom

    dataset = pydicom.dcmread(file)
    point = dataset.ROIContourSequence[1].ContourSequence[0]
    point.ContourGeometricType, point.NumberOfContourPoints, point.ContourData = "POINT", 1, ["10", "-20", "30"]
    dataset.save_as(tmp_path / "point.dcm")
    assert read_struct(tmp_path / "point.dcm", ["CTV"]) == (
        PointSize(name="CTV", patient="P1", point_mm=(-10.0, 20.0, 30.0)),
    )


def test_what_is_written_passes_dciodvfy(file: Path) -> None:
    assert errors(file) == []


def test_a_missing_structure_is_answered_with_the_nearest(file: Path) -> None:
    with pytest.raises(
        NotFoundError, match="no such structure; got GTV1; expected one of CTV, GTV; did you mean 'GTV'"
    ):
        read_struct(file, ["GTV1"])


def test_an_image_is_no_structure(series: list[Dataset], tmp_path: Path) -> None:
    series[0].save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="Modality is 'CT', not 'RTSTRUCT'"):
        read_struct(tmp_path / "ct.dcm")
