"""DICOM SEG comes back where it was, whoever wrote it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

import pydicom_seg

CATEGORY = {
    "CodeValue": "49755003",
    "CodingSchemeDesignator": "SCT",
    "CodeMeaning": "Morphologically Abnormal Structure",
}
TYPE = {"CodeValue": "4147007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Mass"}


def segment(value: int, name: str) -> dict[str, Any]:
    return {
        "labelID": value,
        "SegmentLabel": name,
        "SegmentAlgorithmType": "AUTOMATIC",
        "SegmentAlgorithmName": "test",
        "SegmentedPropertyCategoryCodeSequence": CATEGORY,
        "SegmentedPropertyTypeCodeSequence": TYPE,
    }


def metainfo(*segments: dict[str, Any]) -> dict[str, Any]:
    return {"SeriesDescription": "Lesions", "SeriesNumber": "300", "segmentAttributes": [list(segments)]}


def places(image: sitk.Image, value: int) -> np.ndarray:
    """LPS mm of every voxel of a value, sorted."""
    indices = np.argwhere(sitk.GetArrayFromImage(image) == value)[:, ::-1]
    points = [image.TransformIndexToPhysicalPoint(index.tolist()) for index in indices]
    return np.array(sorted(np.round(points, 2).tolist()))


def written(mask: sitk.Image, series: list[Dataset], **options: bool) -> pydicom.Dataset:
    template = pydicom_seg.template.from_dcmqi_metainfo(metainfo(segment(3, "lesion"), segment(7, "other")))
    return pydicom_seg.MultiClassWriter(template, **options).write(mask, series)


@pytest.mark.parametrize("skip_empty_slices", [False, True])
def test_each_segment_comes_back_in_its_place_after_writing_and_reading(
    mask: sitk.Image, series: list[Dataset], tmp_path: Path, skip_empty_slices: bool
) -> None:
    written(mask, series, skip_empty_slices=skip_empty_slices).save_as(tmp_path / "seg.dcm")

    read = pydicom_seg.MultiClassReader().read(pydicom.dcmread(tmp_path / "seg.dcm"))

    assert read.segment_infos == {1: "lesion", 2: "other"}
    assert len(places(read.image, 1)) == 24
    np.testing.assert_allclose(places(read.image, 1), places(mask, 3), atol=0.011)
    np.testing.assert_allclose(places(read.image, 2), places(mask, 7), atol=0.011)


def test_the_written_object_belongs_to_the_study_and_frame_of_the_images(
    mask: sitk.Image, series: list[Dataset]
) -> None:
    seg = written(mask, series)

    assert seg.StudyInstanceUID == series[0].StudyInstanceUID
    assert seg.FrameOfReferenceUID == series[0].FrameOfReferenceUID
    assert seg.ReferencedSeriesSequence[0].SeriesInstanceUID == series[0].SeriesInstanceUID
    assert seg.SeriesDescription == "Lesions"


def test_a_segment_that_the_mask_does_not_hold_is_refused_or_left_out_on_request(
    mask: sitk.Image, series: list[Dataset]
) -> None:
    template = pydicom_seg.template.from_dcmqi_metainfo(metainfo(segment(3, "lesion"), segment(9, "absent")))

    with pytest.raises(ValueError, match=r"segment 9 \(absent\)"):
        pydicom_seg.MultiClassWriter(template).write(mask, series)
    kept = pydicom_seg.MultiClassWriter(template, skip_missing_segment=True).write(mask, series)
    assert [item.SegmentLabel for item in kept.SegmentSequence] == ["lesion"]


def test_a_template_without_segments_is_refused() -> None:
    with pytest.raises(ValueError, match="names no segment"):
        pydicom_seg.template.from_dcmqi_metainfo({"segmentAttributes": []})


def test_an_object_that_is_no_segmentation_is_refused(series: list[Dataset]) -> None:
    with pytest.raises(ValueError, match="[Ss]egmentation"):
        pydicom_seg.MultiClassReader().read(series[0])


@pytest.mark.parametrize("use_itk", [pytest.param(True, id="dcmqi"), pytest.param(False, id="ours")])
def test_monai_label_reads_back_the_label_that_it_wrote(mask: sitk.Image, series_folder: Path, use_itk: bool) -> None:
    if use_itk and shutil.which("itkimage2segimage") is None:
        pytest.skip("itkimage2segimage is not on PATH")
    convert = pytest.importorskip("monailabel.datastore.utils.convert")
    label = series_folder.parent / "label.nii.gz"
    sitk.WriteImage(mask, label)

    seg = convert.nifti_to_dicom_seg(
        str(series_folder), str(label), [{"name": "lesion"}, {"name": "other"}], use_itk=use_itk
    )
    back = sitk.ReadImage(convert.dicom_seg_to_itk_image(seg))

    np.testing.assert_allclose(places(back, 1), places(mask, 3), atol=0.02)
    np.testing.assert_allclose(places(back, 2), places(mask, 7), atol=0.02)
