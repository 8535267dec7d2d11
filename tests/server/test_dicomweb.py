"""Studies on a real Orthanc: images come from it, labels go to it, and no label is ever lost."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pytest
from monailabel.datastore.dicom import DICOMwebClientX

from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.server.dicomweb import DicomWebStudies
from lesionlab.store.dicom_seg import read_seg
from tests.server.conftest import HERE, free_port, process
from tests.server.orthanc import Orthanc, running
from tests.weak.dciodvfy import errors
from tests.weak.dicom_series import GEOMETRY, SHAPE, ct_series, save_series

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running(tmp_path_factory.mktemp("orthanc")) as found:
        yield found


@pytest.fixture
def images(orthanc: Orthanc, tmp_path: Path) -> list[str]:
    """Two oblique series in an Orthanc that holds nothing else."""
    for one in httpx.get(f"{orthanc.url}/patients").json():
        httpx.delete(f"{orthanc.url}/patients/{one}").raise_for_status()
    orthanc.refusing.unlink(missing_ok=True)
    found = []
    for number in range(2):
        headers = ct_series()
        orthanc.store(save_series(tmp_path / f"ct{number}", headers))
        found.append(str(headers[0].SeriesInstanceUID))
    return sorted(found)


def datastore(orthanc: Orthanc, cache: Path) -> DicomWebStudies:
    client = DICOMwebClientX(url=orthanc.dicomweb, qido_url_prefix=None, wado_url_prefix=None, stow_url_prefix=None)
    return DicomWebStudies(client, {"Modality": "CT"}, cache_path=str(cache))


@pytest.fixture
def store(orthanc: Orthanc, images: list[str], tmp_path: Path) -> Iterator[DicomWebStudies]:
    with closing(datastore(orthanc, tmp_path / "cache")) as found:
        yield found


@pytest.fixture
def label(tmp_path: Path) -> Path:
    array = np.zeros(SHAPE, np.uint8)
    array[4:7, 5:9, 1:3] = 1
    array[15, 2, 4] = 2
    write_volume(Volume(array, GEOMETRY), tmp_path / "label.nii.gz")
    return tmp_path / "label.nii.gz"


INFO = {"label_info": [{"name": "nodule"}, {"name": "cyst"}]}


def test_an_image_lies_where_its_series_lies(store: DicomWebStudies, images: list[str]) -> None:
    assert sorted(store.list_images()) == images
    assert read_volume(Path(store.get_image_uri(images[0]))).geometry.same_as(GEOMETRY, 1e-3)


def test_a_final_label_is_a_valid_dicom_seg_on_the_server(
    store: DicomWebStudies, orthanc: Orthanc, images: list[str], label: Path, tmp_path: Path
) -> None:
    store.save_label(images[0], str(label), "final", dict(INFO))
    (seg,) = orthanc.series("SEG")
    content = httpx.get(f"{orthanc.url}/instances/{seg['Instances'][0]}/file").content
    (tmp_path / "seg.dcm").write_bytes(content)
    assert errors(tmp_path / "seg.dcm") == []
    assert pydicom.dcmread(io.BytesIO(content)).ReferencedSeriesSequence[0].SeriesInstanceUID == images[0]
    first, second = read_seg(tmp_path / "seg.dcm", GEOMETRY)
    assert (first.name, second.name) == ("nodule", "cyst")
    np.testing.assert_array_equal(first.mask.array + 2 * second.mask.array, read_volume(label).array)


def test_another_machine_reads_the_label_back_voxel_for_voxel(
    store: DicomWebStudies, orthanc: Orthanc, images: list[str], label: Path, tmp_path: Path
) -> None:
    store.save_label(images[0], str(label), "final", dict(INFO))
    with closing(datastore(orthanc, tmp_path / "other")) as other:
        assert (other.get_labeled_images(), other.get_unlabeled_images()) == ([images[0]], [images[1]])
        back = read_volume(Path(other.get_label_uri(images[0], "final")))
        np.testing.assert_array_equal(back.array, read_volume(label).array)
        assert back.geometry.same_as(read_volume(Path(other.get_image_uri(images[0]))).geometry)
    assert [one["name"] for one in other.get_label_info(images[0], "final")["label_info"]] == ["nodule", "cyst"]


def test_the_newest_label_is_the_one_read(
    store: DicomWebStudies, orthanc: Orthanc, images: list[str], label: Path, tmp_path: Path
) -> None:
    store.save_label(images[0], str(label), "final", dict(INFO))
    array = np.zeros(SHAPE, np.uint8)
    array[0, 0, 0] = 1
    write_volume(Volume(array, GEOMETRY), tmp_path / "newer.nii.gz")
    store.save_label(images[0], str(tmp_path / "newer.nii.gz"), "final", {})
    with closing(datastore(orthanc, tmp_path / "other")) as other:
        back = other.get_label_uri(images[0], "final")
    np.testing.assert_array_equal(read_volume(Path(back)).array, array)


def test_a_refused_seg_leaves_the_label_here_and_is_sent_when_the_server_takes_it(
    store: DicomWebStudies, orthanc: Orthanc, images: list[str], label: Path
) -> None:
    orthanc.refusing.touch()
    store.save_label(images[0], str(label), "final", dict(INFO))
    assert orthanc.series("SEG") == []
    assert store.get_label_info(images[0], "final")["dicomweb"] == "refused"
    store.datalist()
    kept = read_volume(Path(store.get_label_uri(images[0], "final")))
    np.testing.assert_array_equal(kept.array, read_volume(label).array)
    assert store.get_labeled_images() == [images[0]]
    orthanc.refusing.unlink()
    store.datalist()
    assert len(orthanc.series("SEG")) == 1
    assert store.get_label_info(images[0], "final")["dicomweb"] == "sent"


def test_a_label_that_vanished_on_the_server_stays_here(
    store: DicomWebStudies, orthanc: Orthanc, images: list[str], label: Path
) -> None:
    store.save_label(images[0], str(label), "final", dict(INFO))
    (seg,) = orthanc.series("SEG")
    httpx.delete(f"{orthanc.url}/series/{seg['ID']}").raise_for_status()
    store._looked = (-1e9, {})
    assert [Path(one["label"]).is_file() for one in store.datalist()] == [True]


def test_an_empty_label_is_kept_although_dicom_cannot_hold_it(
    store: DicomWebStudies, images: list[str], tmp_path: Path
) -> None:
    write_volume(Volume.zeros(Geometry(SHAPE, GEOMETRY.affine)), tmp_path / "empty.nii.gz")
    store.save_label(images[0], str(tmp_path / "empty.nii.gz"), "final", {})
    note = store.get_label_info(images[0], "final")
    assert (note["dicomweb"], "the mask is empty" in note["dicomweb_reason"]) == ("refused", True)
    assert Path(store.get_label_uri(images[0], "final")).is_file()


def test_infer_save_read_back_and_next_sample_over_http(
    orthanc: Orthanc, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONAI_LABEL_DICOMWEB_CACHE_PATH", str(tmp_path / "server"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{shutil.os.environ['PATH']}")  # type: ignore[attr-defined]
    port = free_port()
    command = [sys.executable, str(HERE / "serve_balls.py"), orthanc.dicomweb, str(port), "20"]
    with process(command, port, tmp_path / "server.log") as client:
        first = client.post("/activelearning/first", json={}).json()["id"]
        assert first == images[0]
        middle = [float(x) for x in GEOMETRY.index_to_ras((10, 8, 3))]
        click = {"params": f'{{"point_mm": {middle}, "size_mm": 6.0}}'}
        answer = client.post(f"/infer/lesion_shape?image={first}&output=image", data=click)
        assert answer.status_code == 200, answer.text
        files = {"label": ("mask.nii.gz", answer.content)}
        saved = client.put(f"/datastore/label?image={first}&tag=final", files=files)
        assert saved.status_code == 200, saved.text
        back = client.get(f"/datastore/label?label={first}&tag=final")
        (tmp_path / "sent.nii.gz").write_bytes(answer.content)
        (tmp_path / "back.nii.gz").write_bytes(back.content)
        sent, kept = read_volume(tmp_path / "sent.nii.gz"), read_volume(tmp_path / "back.nii.gz")
        np.testing.assert_array_equal(kept.array, sent.array)
        assert sent.array[10, 8, 3] == 1
        assert client.post("/activelearning/first", json={}).json()["id"] == images[1]
        # MONAI Label counts what its watcher of the cache folder has seen, which may lag behind the save.
        ends = time.monotonic() + 10
        while client.get("/info/").json()["datastore"]["completed"] != 1:
            assert time.monotonic() < ends, "the saved label is not counted"
            time.sleep(0.1)
    assert len(orthanc.series("SEG")) == 1
