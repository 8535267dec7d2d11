from __future__ import annotations

import gzip
import logging
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK as sitk
from lattices import noise, oblique_affine

from lesionlab.errors import InputError, NotFoundError, TooLargeError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume

WRITABLE = (".nii", ".nii.gz", ".nrrd", ".mha")
READABLE = (*WRITABLE, ".nhdr", ".mhd", ".png", ".jpg", ".jpeg", ".dcm", ".ima")
OBLIQUE = noise((9, 7, 5), oblique_affine())


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32])
def test_a_written_volume_reads_back_the_same(tmp_path: Path, suffix: str, dtype: type[np.generic]) -> None:
    volume = Volume((OBLIQUE.array % 200).astype(dtype), OBLIQUE.geometry)
    write_volume(volume, tmp_path / f"a{suffix}")
    again = read_volume(tmp_path / f"a{suffix}")
    assert again.array.dtype == dtype
    np.testing.assert_array_equal(again.array, volume.array)
    assert again.geometry.same_as(volume.geometry)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_itk_reads_what_we_write_at_the_same_place(tmp_path: Path, suffix: str) -> None:
    write_volume(OBLIQUE, tmp_path / f"a{suffix}")
    image = sitk.ReadImage(str(tmp_path / f"a{suffix}"))
    left, posterior, superior = image.TransformIndexToPhysicalPoint((3, 2, 1))
    assert (-left, -posterior, superior) == pytest.approx(OBLIQUE.geometry.index_to_ras((3, 2, 1)), abs=1e-4)
    assert image[3, 2, 1] == OBLIQUE.array[3, 2, 1]


def test_nifti_is_written_with_both_transforms_of_code_1(tmp_path: Path) -> None:
    write_volume(OBLIQUE, tmp_path / "a.nii.gz")
    header = nibabel.load(tmp_path / "a.nii.gz").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-4)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_mask_of_booleans_is_stored_as_zeros_and_ones(tmp_path: Path, suffix: str) -> None:
    write_volume(Volume(OBLIQUE.array > 0, OBLIQUE.geometry), tmp_path / f"m{suffix}")
    again = read_volume(tmp_path / f"m{suffix}")
    assert again.array.dtype == np.uint8
    np.testing.assert_array_equal(again.array, OBLIQUE.array > 0)


def test_nothing_but_the_file_remains_after_writing_and_after_a_failure(tmp_path: Path) -> None:
    write_volume(OBLIQUE, tmp_path / "a.nrrd")
    with pytest.raises(InputError, match="c128.nrrd"):
        write_volume(Volume(OBLIQUE.array.astype(np.complex128), OBLIQUE.geometry), tmp_path / "c128.nrrd")
    with pytest.raises(InputError, match=r"got a.bmp; expected a name that ends in .*nrrd"):
        write_volume(OBLIQUE, tmp_path / "a.bmp")
    assert [path.name for path in tmp_path.iterdir()] == ["a.nrrd"]


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path) -> None:
    write_volume(OBLIQUE, tmp_path / "a.nii.gz")
    write_volume(OBLIQUE, tmp_path / "b.nii.gz")
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_a_scaled_nifti_becomes_float32(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(8, dtype=np.int16).reshape(2, 2, 2), np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    image.to_filename(tmp_path / "a.nii.gz")
    # nibabel chooses its own scale on writing unless the file is patched: slope and intercept lie at bytes 112 and 116.
    raw = bytearray(gzip.decompress((tmp_path / "a.nii.gz").read_bytes()))
    raw[112:120] = np.array([0.5, 10], dtype="<f4").tobytes()
    raw[352:368] = np.arange(8, dtype="<i2").tobytes()
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    volume = read_volume(tmp_path / "a.nii.gz")
    assert volume.array.dtype == np.float32
    assert volume.array.ravel(order="F").tolist() == [10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5]


def test_one_time_point_is_an_image_and_two_are_not(tmp_path: Path) -> None:
    nibabel.Nifti1Image(np.ones((3, 4, 5, 1), np.int16), np.eye(4)).to_filename(tmp_path / "one.nii.gz")
    nibabel.Nifti1Image(np.ones((3, 4, 5, 2), np.int16), np.eye(4)).to_filename(tmp_path / "two.nii.gz")
    assert read_volume(tmp_path / "one.nii.gz").array.shape == (3, 4, 5)
    with pytest.raises(InputError, match=r"two.nii.gz: not one 3D image; got shape \(3, 4, 5, 2\)"):
        read_volume(tmp_path / "two.nii.gz")


def test_a_nifti_in_metres_is_read_in_millimetres(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.ones((2, 2, 2), np.int16), np.diag([0.002, 0.002, 0.003, 1]))
    image.header.set_xyzt_units("meter")
    image.to_filename(tmp_path / "m.nii")
    assert read_volume(tmp_path / "m.nii").geometry.spacing_mm == pytest.approx((2, 2, 3))


def test_a_big_endian_nifti_is_read_in_native_order(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    nibabel.Nifti1Image(OBLIQUE.array, OBLIQUE.geometry.affine, header).to_filename(tmp_path / "b.nii.gz")
    volume = read_volume(tmp_path / "b.nii.gz")
    assert volume.array.dtype == np.int16
    assert volume.array.dtype.isnative
    np.testing.assert_array_equal(volume.array, OBLIQUE.array)


def test_voxels_that_are_no_numbers_become_the_smallest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    values = np.array([1, np.nan, -5, np.inf, -np.inf, 3, 4, 2], dtype=np.float32).reshape(2, 2, 2)
    nibabel.Nifti1Image(values, np.eye(4)).to_filename(tmp_path / "n.nii.gz")
    with caplog.at_level(logging.WARNING):
        volume = read_volume(tmp_path / "n.nii.gz")
    assert volume.array.ravel().tolist() == [1, -5, -5, -5, -5, 3, 4, 2]
    assert "n.nii.gz: 3 voxels" in caplog.text


def test_an_nrrd_in_ras_and_one_in_lps_lie_where_they_say(tmp_path: Path) -> None:
    header = {"space directions": np.diag([2.0, 3.0, 4.0]), "space origin": np.array([10.0, 20.0, 30.0])}
    for space in ("left-posterior-superior", "right-anterior-superior"):
        nrrd.write(str(tmp_path / f"{space}.nrrd"), np.zeros((2, 2, 2), np.int16), {**header, "space": space})
    lps, ras = (read_volume(tmp_path / f"{s}.nrrd") for s in ("left-posterior-superior", "right-anterior-superior"))
    assert lps.geometry.index_to_ras((1, 1, 1)) == (-12.0, -23.0, 34.0)
    assert ras.geometry.index_to_ras((1, 1, 1)) == (12.0, 23.0, 34.0)


def test_a_segmentation_of_one_layer_is_read_and_of_two_refused(tmp_path: Path) -> None:
    for layers in (1, 2):
        header = {
            "space": "left-posterior-superior",
            "kinds": ["list", "domain", "domain", "domain"],
            "space directions": np.vstack([np.full(3, np.nan), np.eye(3) * 2]),
            "space origin": np.zeros(3),
        }
        array = np.full((layers, 3, 4, 5), 7, np.uint8)
        nrrd.write(str(tmp_path / f"{layers}.seg.nrrd"), array, header)
    one = read_volume(tmp_path / "1.seg.nrrd")
    assert one.array.shape == (3, 4, 5)
    assert one.geometry.spacing_mm == (2, 2, 2)
    with pytest.raises(InputError, match="2 channels, layers or time points"):
        read_volume(tmp_path / "2.seg.nrrd")


def test_detached_headers_are_read_with_their_data(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.ascontiguousarray(OBLIQUE.array.T))
    for suffix in (".nhdr", ".mhd"):
        sitk.WriteImage(image, str(tmp_path / f"a{suffix}"))
        np.testing.assert_array_equal(read_volume(tmp_path / f"a{suffix}").array, OBLIQUE.array)


@pytest.mark.parametrize("suffix", [".nhdr", ".mhd"])
@pytest.mark.parametrize("target", ["../secret.raw", "/secret.raw"])
def test_a_header_cannot_point_at_a_file_elsewhere(tmp_path: Path, suffix: str, target: str) -> None:
    inside = tmp_path / "studies"
    inside.mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(8))
    named = target.replace("/secret", f"{tmp_path}/secret") if target.startswith("/") else target
    nhdr = f"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nencoding: raw\ndata file: {named}\n\n"
    mhd = f"ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = {named}\n"
    (inside / f"a{suffix}").write_text(nhdr if suffix == ".nhdr" else mhd)
    with pytest.raises(InputError, match="elsewhere"):
        read_volume(inside / f"a{suffix}")


def test_a_png_is_one_slice_with_columns_to_the_left_and_rows_to_the_back(tmp_path: Path) -> None:
    rows = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(rows), str(tmp_path / "a.png"))
    volume = read_volume(tmp_path / "a.png")
    assert volume.array.shape == (3, 2, 1)
    assert volume.array[2, 1, 0] == 6
    assert volume.array[2, 0, 0] == 3
    assert volume.geometry.index_to_ras((2, 1, 0)) == (-2.0, -1.0, 0.0)
    assert volume.array.dtype == np.uint8


def test_colour_becomes_luminance_and_sixteen_bits_stay(tmp_path: Path) -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 200
    sitk.WriteImage(sitk.GetImageFromArray(red, isVector=True), str(tmp_path / "c.png"))
    assert set(read_volume(tmp_path / "c.png").array.ravel()) == {60}  # 0.299 x 200 = 59.8
    sitk.WriteImage(sitk.GetImageFromArray(np.full((2, 2), 40000, np.uint16)), str(tmp_path / "g.png"))
    assert read_volume(tmp_path / "g.png").array.max() == 40000


def test_a_jpeg_is_read(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.full((8, 16), 100, np.uint8)), str(tmp_path / "a.jpg"))
    volume = read_volume(tmp_path / "a.jpg")
    assert volume.array.shape == (16, 8, 1)
    assert abs(int(volume.array.mean()) - 100) <= 1


@pytest.mark.parametrize("suffix", READABLE)
@pytest.mark.parametrize("content", [b"", b"this is no image", bytes(2000)])
def test_a_file_that_is_no_image_gives_an_error_with_its_name(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"broken{suffix}.*expected .*NIfTI"):
        read_volume(path)


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("kept", [0.95, 0.5, 0.02])
def test_a_cut_off_file_gives_an_error_with_its_name(tmp_path: Path, suffix: str, kept: float) -> None:
    write_volume(noise((40, 40, 20), np.eye(4)), tmp_path / f"a{suffix}")
    content = (tmp_path / f"a{suffix}").read_bytes()
    (tmp_path / f"cut{suffix}").write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match=f"cut{suffix}"):
        read_volume(tmp_path / f"cut{suffix}")


def test_a_header_that_promises_the_moon_is_refused(tmp_path: Path) -> None:
    nibabel.Nifti1Image(np.ones((2, 2, 2), np.int16), np.eye(4)).to_filename(tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[42:48] = np.array([30000, 30000, 30000], dtype="<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(bytes(raw))
    with pytest.raises(TooLargeError, match=r"a.nii: the image is too large"):
        read_volume(tmp_path / "a.nii")


def test_what_is_missing_or_of_a_wrong_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone.nii.gz.*expected NIfTI"):
        read_volume(tmp_path / "gone.nii.gz")
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(InputError, match=r"a.txt: not a known image format; got suffix '.txt'; expected NIfTI"):
        read_volume(tmp_path / "a.txt")


def test_a_flat_nifti_is_one_slice(tmp_path: Path) -> None:
    affine = np.diag([2.0, 2.0, 1.0, 1.0])
    nibabel.Nifti1Image(np.arange(6, dtype=np.int16).reshape(3, 2), affine).to_filename(tmp_path / "f.nii.gz")
    volume = read_volume(tmp_path / "f.nii.gz")
    assert volume.geometry.same_as(Geometry((3, 2, 1), affine))
