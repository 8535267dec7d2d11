"""One click over HTTP, in every way that a client may ask."""

from __future__ import annotations

import base64
import json
import zlib

import nrrd
import numpy as np
import pytest
from requests_toolbelt.multipart.decoder import MultipartDecoder

from tests.server.conftest import AFFINE, SHAPE, image_bytes, ras, read_nifti

CENTER = (20, 18, 15)
CLICK = {"point_mm": ras(CENTER), "size_mm": 12.0}


def infer(server, params, query="image=case_a&output=image", **more):
    return server.post(f"/infer/lesion_shape?{query}", data={"params": json.dumps(params)}, **more)


def parts_of(response):
    decoded = MultipartDecoder(response.content, response.headers["content-type"])
    found = {}
    for part in decoded.parts:
        disposition = part.headers[b"Content-Disposition"].decode()
        found[disposition.split('name="')[1].split('"')[0]] = (disposition, part.content)
    return found


def ball(index_center, size_mm):
    """The voxels whose centres lie within half the size of a voxel's centre, counted by hand."""
    steps = np.diag(np.abs(AFFINE[:3, :3]))
    offset = (np.indices(SHAPE).T - np.asarray(index_center)) * steps
    return (np.linalg.norm(offset, axis=-1) <= size_mm / 2).T


def test_a_stock_client_gets_a_label_on_the_lattice_of_the_image(server):
    response = infer(server, CLICK)
    assert response.status_code == 200
    assert 'filename="lesion_shape.nii.gz"' in response.headers["content-disposition"]
    array, affine = read_nifti(response.content)
    assert array.dtype == np.uint8
    np.testing.assert_allclose(affine, AFFINE, atol=1e-5)
    np.testing.assert_array_equal(array, ball(CENTER, 12))


def test_a_crop_is_a_small_nrrd_that_lies_in_place(server):
    response = infer(server, {**CLICK, "result": "crop"})
    header = nrrd.read_header(iter(response.content.split(b"\n\n")[0].split(b"\n")))
    assert header["space"] == "left-posterior-superior"
    origin = json.loads(infer(server, {**CLICK, "result": "crop"}, "image=case_a&output=json").content)["mask"][
        "origin_index"
    ]
    np.testing.assert_allclose(np.diag([-1, -1, 1]) @ header["space origin"], ras(origin), atol=1e-9)
    assert np.prod(header["sizes"]) < np.prod(SHAPE) / 5


def test_a_crop_as_json_carries_its_voxels_and_where_they_lie(server):
    found = infer(server, {**CLICK, "result": "crop"}, "image=case_a&output=json").json()
    mask = found["mask"]
    assert mask["encoding"] == "zlib+base64"
    voxels = np.frombuffer(zlib.decompress(base64.b64decode(mask["data"])), mask["dtype"]).reshape(mask["shape"])
    whole = np.zeros(SHAPE, np.uint8)
    i, j, k = mask["origin_index"]
    whole[i : i + voxels.shape[0], j : j + voxels.shape[1], k : k + voxels.shape[2]] = voxels
    np.testing.assert_array_equal(whole, ball(CENTER, 12))
    np.testing.assert_allclose(np.asarray(mask["affine"])[:3, 3], ras(mask["origin_index"]), atol=1e-9)
    assert found["diameter_mm"] == 12
    assert found["volume_mm3"] == pytest.approx(ball(CENTER, 12).sum() * 1.5 * 1.0 * 2.0)


def test_a_full_answer_as_json_holds_only_the_measurements(server):
    found = infer(server, CLICK, "image=case_a&output=json").json()
    assert found["size_given"] is True
    assert found["label_names"] == {"lesion": 1}
    assert "mask" not in found


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd"])
@pytest.mark.parametrize("result", ["crop", "full"])
def test_the_client_chooses_the_kind_of_file(server, suffix, result):
    response = infer(server, {**CLICK, "result": result, "result_extension": suffix})
    assert f'filename="lesion_shape{suffix}"' in response.headers["content-disposition"]
    start = {".nii.gz": b"\x1f\x8b", ".nii": b"\x5c\x01\x00\x00", ".nrrd": b"NRRD"}[suffix]
    assert response.content.startswith(start)


def test_without_output_the_answer_holds_measurements_first_file_the_mask(server):
    parts = parts_of(infer(server, CLICK, "image=case_a"))
    assert list(parts) == ["params", "image"]
    assert json.loads(parts["params"][1])["diameter_mm"] == 12
    assert read_nifti(parts["image"][1])[0].sum() == ball(CENTER, 12).sum()


def test_the_probability_map_comes_as_a_second_file_or_alone(server):
    wanted = {**CLICK, "probability": True}
    parts = parts_of(infer(server, wanted, "image=case_a&output=all"))
    assert list(parts) == ["params", "image", "probability"]
    array, affine = read_nifti(infer(server, wanted, "image=case_a&output=probability").content)
    assert array.dtype == np.float32
    assert array[CENTER] == pytest.approx(1.0)
    np.testing.assert_allclose(affine, AFFINE, atol=1e-5)
    refused = infer(server, CLICK, "image=case_a&output=probability")
    assert refused.status_code == 422
    assert "probability=true" in refused.json()["detail"]


def test_an_image_can_be_sent_along(server):
    # The stock client sends its whole local path as the file's name.
    upload = {"file": ("/tmp/somewhere/Volume 1.nii.gz", image_bytes(7))}
    array, _ = read_nifti(infer(server, CLICK, "output=image", files=upload).content)
    np.testing.assert_array_equal(array, ball(CENTER, 12))


def test_an_image_can_be_lent_in_a_session(server):
    made = server.put("/session/", files=[("files", ("ct.nii.gz", image_bytes(8)))])
    assert made.status_code == 200
    session = made.json()["session_id"]
    assert made.json()["session_info"]["expiry"] == 3600
    # The stock client names the image too.
    array, _ = read_nifti(infer(server, CLICK, f"image=anything&session_id={session}&output=image").content)
    np.testing.assert_array_equal(array, ball(CENTER, 12))
    assert server.get(f"/session/{session}").json()["name"] == session
    assert server.delete(f"/session/{session}").status_code == 200
    gone = infer(server, CLICK, f"session_id={session}")
    assert gone.status_code == 404
    assert "session" in gone.json()["detail"]


def test_the_stock_deepgrow_panel_clicks_voxels_and_sends_the_size_of_the_configuration(server):
    config = server.get("/info/").json()["models"]["lesion_shape"]["config"]
    params = {"label": "lesion", "foreground": [list(CENTER)], "background": [], **config, "client_id": "user-xyz"}
    array, _ = read_nifti(infer(server, params).content)
    np.testing.assert_array_equal(array, ball(CENTER, 20))


def test_several_clicks_of_the_stock_panel_span_the_lesion(server):
    # Two clicks 24 mm apart along i (16 voxels of 1.5 mm): a ball around their middle, 24 mm wide.
    params = {"foreground": [[12, 18, 15], [28, 18, 15]], "background": [], "size_mm": 10.0}
    array, _ = read_nifti(infer(server, params).content)
    np.testing.assert_array_equal(array, ball((20, 18, 15), 24))


def test_a_saved_answer_becomes_a_label_of_the_studies(server, studies):
    response = infer(server, {**CLICK, "save_label": True, "label_tag": "original"}, "image=case_c&output=json")
    assert response.status_code == 200
    saved = studies / "labels" / "original" / "case_c.nii.gz"
    np.testing.assert_array_equal(read_nifti(saved.read_bytes())[0], ball(CENTER, 12))
    fetched = server.get("/datastore/label?label=case_c&tag=original")
    assert fetched.content == saved.read_bytes()


def test_the_slices_of_a_dicom_series_make_a_session(server):
    files = [("files", (f"IM{n:04d}", dicom_slice(n))) for n in range(6)]
    made = server.put("/session/", files=files)
    assert made.status_code == 200, made.text
    # 16 x 12 pixels of 2 mm from LPS (-10, -20, 30); slices 3 mm apart: voxel (4, 5, 2) is at LPS (-2, -10, 36).
    click = {"point_mm": [2.0, 10.0, 36.0], "size_mm": 8.0, "result": "crop"}
    found = infer(server, click, f"session_id={made.json()['session_id']}&output=json").json()
    assert found["diameter_mm"] == 8
    affine = np.asarray(found["mask"]["affine"])
    assert np.linalg.norm(affine[:3, :3], axis=0).tolist() == pytest.approx([2, 2, 3])


def dicom_slice(number):
    import io

    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{number + 1}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, f"1.2.3.4.{number + 1}"
    data.Modality, data.SeriesInstanceUID, data.StudyInstanceUID = "CT", "1.2.3.5", "1.2.3.6"
    data.ImagePositionPatient, data.ImageOrientationPatient = [-10, -20, 30 + 3 * number], [1, 0, 0, 0, 1, 0]
    data.PixelSpacing, data.SliceThickness, data.InstanceNumber = [2, 2], 3, number + 1
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 12, 16, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.PixelData = np.full((12, 16), number * 100, np.int16).tobytes()
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()
