"""DICOM SEG: out, in, and read by others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.store.dicom_seg import label_map, read_seg, seg_dataset
from lesionlab.store.dicom_series import Series, onto, open_series
from tests.weak.dciodvfy import errors
from tests.weak.dicom_series import GEOMETRY, SHAPE, ct_series, save_series


@pytest.fixture
def headers() -> list[Dataset]:
    return ct_series()


@pytest.fixture
def series(headers: list[Dataset], tmp_path: Path) -> Series:
    return open_series(save_series(tmp_path / "series", headers))


@pytest.fixture
def mask(series: Series) -> Volume:
    """Value 3 in slices 1 and 4 (2 and 3 are empty), value 7 in one voxel of slice 4, value 5 in one of slice 1."""
    array = np.zeros(SHAPE, np.uint8)
    array[4:7, 5:9, 1] = array[4:7, 5:9, 4] = 3
    array[19, 15, 4] = 7
    array[0, 0, 1] = 5
    return Volume(array, series.geometry)


@pytest.fixture
def file(mask: Volume, series: Series, tmp_path: Path) -> Path:
    seg_dataset(mask, series, {3: "big", 7: "far corner"}).save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    return tmp_path / "seg.dcm"


def test_the_series_lies_where_it_was_made_and_its_headers_follow_its_slices(series: Series) -> None:
    assert series.geometry.same_as(GEOMETRY, 1e-3)
    assert [header.InstanceNumber for header in series.headers] == [1, 2, 3, 4, 5, 6]


def test_every_voxel_comes_back_on_the_series_although_empty_frames_are_missing(
    file: Path, mask: Volume, series: Series
) -> None:
    assert pydicom.dcmread(file).NumberOfFrames == 4
    found = read_seg(file, series.geometry)
    assert [(one.number, one.name) for one in found] == [(1, "big"), (2, "Lesion 5"), (3, "far corner")]
    for one, value in zip(found, (3, 5, 7), strict=True):
        np.testing.assert_array_equal(one.mask.array, mask.array == value)
    np.testing.assert_array_equal(np.array([0, 3, 5, 7])[label_map(found).array], mask.array)


def test_without_the_series_each_voxel_lies_at_the_same_millimetre(file: Path, mask: Volume) -> None:
    (first, *_) = read_seg(file)
    places = [first.mask.geometry.index_to_ras(tuple(index)) for index in np.argwhere(first.mask.array)]
    expected = [mask.geometry.index_to_ras(tuple(index)) for index in np.argwhere(mask.array == 3)]
    np.testing.assert_allclose(sorted(places), sorted(expected), atol=2e-3)


def test_the_object_passes_dciodvfy(file: Path) -> None:
    assert errors(file) == []


def test_each_frame_refers_to_the_slice_on_which_it_lies(file: Path, headers: list[Dataset]) -> None:
    dataset = pydicom.dcmread(file)
    by_uid = {header.SOPInstanceUID: header for header in headers}
    for group in dataset.PerFrameFunctionalGroupsSequence:
        source = group.DerivationImageSequence[0].SourceImageSequence
        assert len(source) == 1
        header = by_uid[source[0].ReferencedSOPInstanceUID]
        position = group.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(position, header.ImagePositionPatient, atol=1e-3)
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == headers[0].SeriesInstanceUID


def test_frames_in_any_order_come_back_in_place(file: Path, mask: Volume, series: Series, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(file)
    order = [2, 0, 3, 1]
    frames = dataset.PerFrameFunctionalGroupsSequence
    dataset.PerFrameFunctionalGroupsSequence = [frames[n] for n in order]
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")[: 4 * 320].reshape(4, 320)
    packed = np.packbits(bits[order].ravel(), bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    dataset.save_as(tmp_path / "shuffled.dcm")
    found = read_seg(tmp_path / "shuffled.dcm", series.geometry)
    np.testing.assert_array_equal(np.array([0, 3, 5, 7])[label_map(found).array], mask.array)


def test_a_mask_of_one_slice_comes_back(series: Series, tmp_path: Path) -> None:
    array = np.zeros(SHAPE, np.uint8)
    array[3, 2, 5] = 1
    seg_dataset(Volume(array, series.geometry), series).save_as(tmp_path / "one.dcm", enforce_file_format=True)
    (found,) = read_seg(tmp_path / "one.dcm", series.geometry)
    assert found.name == "Lesion"
    np.testing.assert_array_equal(found.mask.array, array)


def test_a_reader_is_named_as_creator_and_the_segment_is_manual(mask: Volume, series: Series, tmp_path: Path) -> None:
    dataset = seg_dataset(mask, series, reader="Ann B")
    dataset.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    assert (dataset.ContentCreatorName, dataset.SegmentSequence[0].SegmentAlgorithmType) == ("Ann B^", "MANUAL")
    assert errors(tmp_path / "seg.dcm") == []


def test_a_mask_stored_with_other_axes_is_the_same_segmentation(mask: Volume, series: Series) -> None:
    turned = Volume(mask.array.transpose(2, 0, 1)[::-1], _turned(mask.geometry))
    np.testing.assert_array_equal(onto(turned, series.geometry).array, mask.array)
    dataset = seg_dataset(turned, series)
    assert dataset.NumberOfFrames == 4


def _turned(geometry: Geometry) -> Geometry:
    i, j, k = geometry.shape
    affine = geometry.affine[:, [2, 0, 1, 3]].copy()
    affine[:3, 3] += affine[:3, 0] * (k - 1)
    affine[:3, 0] *= -1
    return Geometry((k, i, j), affine)


def test_overlapping_segments_stay_apart(series: Series, tmp_path: Path) -> None:
    import highdicom as hd

    array = np.zeros((*SHAPE, 2), np.uint8)
    array[2:6, 2:6, 2, 0] = array[4:8, 4:8, 2, 1] = 1
    template = seg_dataset(Volume(np.maximum(array[..., 0], 2 * array[..., 1]), series.geometry), series)
    both = hd.seg.Segmentation(
        source_images=list(series.headers),
        pixel_array=array.transpose(2, 1, 0, 3),
        segmentation_type="BINARY",
        segment_descriptions=[hd.seg.SegmentDescription.from_dataset(one) for one in template.SegmentSequence],
        series_instance_uid=hd.UID(), series_number=1, sop_instance_uid=hd.UID(), instance_number=1,
        manufacturer="x", manufacturer_model_name="x", software_versions="1", device_serial_number="1",
    )  # fmt: skip
    both.save_as(tmp_path / "both.dcm")
    found = read_seg(tmp_path / "both.dcm", series.geometry)
    for number in (0, 1):
        np.testing.assert_array_equal(found[number].mask.array, array[..., number])
    with pytest.raises(InputError, match="overlap.*got 4 voxels"):
        label_map(found)


def test_a_mask_beside_the_voxels_is_refused(mask: Volume, series: Series) -> None:
    affine = mask.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * 0.5
    with pytest.raises(InputError, match=r"not lie on the voxels.*first voxel at index \[0.5, 0.0, 0.0\].*resample"):
        seg_dataset(Volume(mask.array, Geometry(SHAPE, affine)), series)


def test_an_empty_mask_and_a_ct_slice_are_refused(series: Series, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the mask is empty"):
        seg_dataset(Volume.zeros(series.geometry), series)
    with pytest.raises(InputError, match="cannot be read as DICOM SEG"):
        read_seg(next((tmp_path / "series").iterdir()))


def test_the_image_and_the_mask_have_one_lattice(file: Path, series: Series, tmp_path: Path) -> None:
    image = read_volume(tmp_path / "series")
    assert read_seg(file, image.geometry)[0].mask.geometry.same_as(image.geometry)
