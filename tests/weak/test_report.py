"""Structured reports: written by us, read by us, by highdicom and by dciodvfy; and reports of other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from lesionlab.errors import InputError
from lesionlab.weak.label import Circle, Contours, Ellipsoid, PointSize, RecistLine, Sphere
from lesionlab.weak.report import Finding, read_report
from lesionlab.weak.report_write import report_dataset
from tests.weak.dciodvfy import errors
from tests.weak.dicom_series import GEOMETRY, ct_series

SHARED = {"image": "a", "patient": "P1", "reader": "Ann^B"}
FINDINGS = (
    Finding(PointSize(**SHARED, name="N1", point_mm=(1.5, -2.25, 3.0), size_mm=12.5), "N1", 12.5, 800.0),
    Finding(PointSize(**SHARED, name="N2", point_mm=(10.0, 20.0, -30.0)), "N2"),
    Finding(Sphere(**SHARED, name="N3", center_mm=(1.0, 2.0, 3.0), diameter_mm=8.0), "N3", 8.0),
    Finding(Circle(**SHARED, name="N4", center_mm=(5.0, 6.0, 7.0), normal=(0.0, 0.6, 0.8), diameter_mm=20.0), "N4", 20.0),
    Finding(RecistLine(**SHARED, name="N5", start_mm=(0.0, 0.0, 0.0), end_mm=(3.0, 4.0, 0.0)), "N5", 5.0),
    Finding(
        RecistLine(
            **SHARED, name="N6", start_mm=(0.0, 0.0, 8.0), end_mm=(9.0, 0.0, 8.0), short_mm=((4.0, -2.0, 8.0), (4.0, 2.0, 8.0))
        ),
        "N6",
        9.0,
    ),
    Finding(
        Ellipsoid(**SHARED, name="N7", center_mm=(0.0, 0.0, 0.0), half_axes_mm=((0.0, 6.0, 0.0), (4.0, 0.0, 0.0), (0.0, 0.0, 2.0))),
        "N7",
    ),
)  # fmt: skip


@pytest.fixture
def series() -> list[Dataset]:
    return ct_series()


@pytest.fixture
def file(series: list[Dataset], tmp_path: Path) -> Path:
    report_dataset(FINDINGS, series, reader="Ann^B").save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    return tmp_path / "sr.dcm"


def test_every_finding_comes_back_as_it_was_written(file: Path) -> None:
    back = read_report(file, image="a")
    circles = [found for found in back if isinstance(found.label, Circle)]
    rest = [found for found in back if not isinstance(found.label, Circle)]
    assert tuple(rest) == tuple(one for one in FINDINGS if not isinstance(one.label, Circle))
    circle = circles[0].label
    assert isinstance(circle, Circle)
    np.testing.assert_allclose(circle.center_mm, (5, 6, 7), atol=1e-5)
    assert abs(np.dot(circle.normal, (0.0, 0.6, 0.8))) == pytest.approx(1.0, abs=1e-6)
    assert (circle.diameter_mm, circles[0].diameter_mm) == (pytest.approx(20.0), 20.0)


def test_the_report_passes_dciodvfy(file: Path) -> None:
    assert errors(file) == []


def test_highdicom_reads_the_groups_and_their_measurements_in_lps(file: Path) -> None:
    from highdicom import sr

    content = sr.srread(file).content
    volumetric = content.get_volumetric_roi_measurement_groups()
    planar = content.get_planar_roi_measurement_groups()
    assert (len(volumetric), len(planar)) == (4, 1)
    values = {m.name.meaning: (m.value, m.unit.value) for m in volumetric[0].get_measurements()}
    assert values == {"Diameter": (12.5, "mm"), "Volume": (800.0, "mm3")}
    np.testing.assert_allclose(np.ravel(volumetric[0].roi.graphic_data[0]), [-1.5, 2.25, 3.0])


def test_a_program_is_the_observer_when_no_reader_is_named(series: list[Dataset], tmp_path: Path) -> None:
    report_dataset(FINDINGS[:1], series).save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    (found,) = read_report(tmp_path / "sr.dcm")
    assert found.label is not None
    assert found.label.reader is None
    assert errors(tmp_path / "sr.dcm") == []


def test_a_finding_may_point_to_a_segment(series: list[Dataset], tmp_path: Path) -> None:
    seg = Dataset()
    seg.SOPClassUID, seg.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.826.0.1.3680043.8.498.1"
    seg.StudyInstanceUID, seg.SeriesInstanceUID = series[0].StudyInstanceUID, "1.2.826.0.1.3680043.8.498.2"
    finding = Finding(None, "L1", 7.0, 179.5, ("1.2.826.0.1.3680043.8.498.1", 2))
    report_dataset([finding], series, further=[seg]).save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    assert read_report(tmp_path / "sr.dcm") == (finding,)


def coded(value: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", "x"
    return code


def item(kind: str, code: str, *content: Dataset, **values: object) -> Dataset:
    made = Dataset()
    made.ValueType, made.ConceptNameCodeSequence, made.ContentSequence = kind, [coded(code)], list(content)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def foreign(file: Path, to: Path, group: Dataset) -> Path:
    """Our report with one group in the manner of another program."""
    dataset = pydicom.dcmread(file)
    dataset.ContentSequence = [group]
    dataset.save_as(to)
    return to


def image_item(header: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    return item("IMAGE", "260753009", ReferencedSOPSequence=[reference])


def test_a_length_that_a_web_viewer_drew_on_a_slice_is_a_line_in_space(
    file: Path, series: list[Dataset], tmp_path: Path
) -> None:
    # From the centre of pixel (2, 3) to that of (12, 3) of slice 4: 10 columns of 0.8 mm.
    line = item("SCOORD", "121112", image_item(series[4]), GraphicType="POLYLINE", GraphicData=[2.5, 3.5, 12.5, 3.5])
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "0.8", [coded("cm")]
    number = item("NUM", "410668003", line, MeasuredValueSequence=[measured])
    (found,) = read_report(foreign(file, tmp_path / "f.dcm", item("CONTAINER", "125007", number)), "a", series)
    assert isinstance(found.label, RecistLine)
    np.testing.assert_allclose(found.label.start_mm, GEOMETRY.index_to_ras((2, 3, 4)), atol=1e-4)
    np.testing.assert_allclose(found.label.end_mm, GEOMETRY.index_to_ras((12, 3, 4)), atol=1e-4)
    assert found.diameter_mm == pytest.approx(8.0)


def test_a_circle_on_a_slice_has_the_slices_normal(file: Path, series: list[Dataset], tmp_path: Path) -> None:
    circle = item("SCOORD", "111030", image_item(series[1]), GraphicType="CIRCLE", GraphicData=[5.5, 6.5, 10.5, 6.5])
    (found,) = read_report(foreign(file, tmp_path / "f.dcm", item("CONTAINER", "125007", circle)), "a", series)
    assert isinstance(found.label, Circle)
    assert found.label.diameter_mm == pytest.approx(2 * 5 * 0.8)
    np.testing.assert_allclose(found.label.center_mm, GEOMETRY.index_to_ras((5, 6, 1)), atol=1e-4)
    normal = GEOMETRY.affine[:3, 2] / 3.0
    np.testing.assert_allclose(found.label.normal, normal, atol=1e-6)


def test_a_region_on_an_image_that_is_not_at_hand_says_which(file: Path, series: list[Dataset], tmp_path: Path) -> None:
    point = item("SCOORD", "111030", image_item(series[1]), GraphicType="POINT", GraphicData=[5.5, 6.5])
    path = foreign(file, tmp_path / "f.dcm", item("CONTAINER", "125007", point))
    with pytest.raises(InputError, match=rf"group 1 lies on an image that is not at hand.*{series[1].SOPInstanceUID}"):
        read_report(path)


def test_contours_are_sent_to_rtstruct(series: list[Dataset]) -> None:
    contour = Contours(contours_mm=(((0, 0, 0), (1, 0, 0), (1, 1, 0)),))
    with pytest.raises(InputError, match="write contours as RTSTRUCT"):
        report_dataset([Finding(contour)], series)


def test_an_image_is_no_report(series: list[Dataset], tmp_path: Path) -> None:
    series[0].save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    with pytest.raises(InputError, match="Modality is 'CT', not 'SR'"):
        read_report(tmp_path / "ct.dcm")
