"""From CIRCUS DB into a data folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lesionlab.errors import ConflictError, InputError, NotFoundError, UnauthorizedError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from lesionlab.store.cases import read_cases
from lesionlab.store.circus_client import CircusClient
from lesionlab.store.circus_pull import pull_archive, pull_cases
from lesionlab.store.weak_files import read_weak_folder
from lesionlab.weak.label import Circle, Contours, Ellipsoid, PointSize, RecistLine, Sphere
from tests.circus.conftest import BLOB, LABELS, SIZE, SPACING, UID, case, label, voxels
from tests.circus.server import Circus, serving, tgz, zipped
from tests.weak.dicom_series import GEOMETRY, ct_series, save_series


@pytest.fixture(params=["server", "tgz", "zip", "combined"])
def folder(request: pytest.FixtureRequest, circus: Circus, client: CircusClient, tmp_path: Path) -> Path:
    """The case pulled: packed by the server, or out of an archive of each kind."""
    data = tmp_path / "data"
    if request.param == "server":
        pull_cases(client, ["case1"], data)
        return data
    files = circus.files("case1", None, "combined" if request.param == "combined" else "isolated")
    archive = tmp_path / f"export.{request.param}"
    archive.write_bytes(zipped(files) if request.param == "zip" else tgz(files))
    pull_archive(archive, data)
    return data


def test_the_image_has_its_voxels_and_spacing(folder: Path) -> None:
    image = read_volume(folder / "case1-vol000.nii.gz")
    np.testing.assert_array_equal(image.array, voxels())
    assert image.geometry.spacing_mm == pytest.approx(SPACING)
    assert (folder / "case1-vol001.nii.gz").is_file()


def test_the_painted_label_is_a_mask_on_the_image(folder: Path) -> None:
    mask = read_volume(folder / "labels/final/case1-vol000.nii.gz")
    expected = np.zeros(SIZE)
    expected[7:9, 2:5, 3] = 1
    np.testing.assert_array_equal(mask.array, expected)
    assert mask.geometry.same_as(read_volume(folder / "case1-vol000.nii.gz").geometry)
    assert not (folder / "labels/final/case1-vol001.nii.gz").exists()


def test_every_other_label_is_a_weak_label_in_its_place(folder: Path) -> None:
    image = read_volume(folder / "case1-vol000.nii.gz").geometry
    found = {one.name: one for one in read_weak_folder(folder)}

    def ras(x_mm: float, y_mm: float, z_mm: float) -> tuple[float, float, float]:
        # Voxels of 0.8 x 0.5 x 3 mm, zero at the first voxel's outer corner.
        return image.index_to_ras((x_mm / 0.8 - 0.5, y_mm / 0.5 - 0.5, z_mm / 3 - 0.5))

    ball, egg, box = found["ball"], found["egg"], found["box"]
    assert isinstance(ball, Sphere)
    assert ball.diameter_mm == pytest.approx(4.0)
    np.testing.assert_allclose(ball.center_mm, ras(6, 4, 8), atol=1e-6)
    assert isinstance(egg, Ellipsoid)
    assert isinstance(box, Ellipsoid)
    assert (egg.outline, box.outline) == ("ellipsoid", "box")
    np.testing.assert_allclose(np.linalg.norm(box.half_axes_mm, axis=1), (2.0, 1.5, 3.0))
    disc, frame = found["disc"], found["frame"]
    assert isinstance(disc, Circle)
    assert disc.diameter_mm == pytest.approx(4.0)
    np.testing.assert_allclose(disc.center_mm, ras(6, 4, 7.5), atol=1e-6)
    np.testing.assert_allclose(np.abs(disc.normal), (0, 0, 1), atol=1e-9)
    assert isinstance(frame, Ellipsoid)
    np.testing.assert_allclose(np.linalg.norm(frame.half_axes_mm, axis=1), (2.0, 1.5))
    dot, length, outline = found["dot"], found["length"], found["outline"]
    assert isinstance(dot, PointSize)
    np.testing.assert_allclose(dot.point_mm, image.index_to_ras((0, 0, 0)), atol=1e-6)
    assert isinstance(length, RecistLine)
    assert length.length_mm == pytest.approx(5.0)
    assert isinstance(outline, Contours)
    np.testing.assert_allclose(outline.contours_mm[0][2], ras(6, 3, 7.5), atol=1e-6)


def test_patient_and_reader_come_along(folder: Path) -> None:
    assert {one.reader for one in read_weak_folder(folder)} == {"alice@example.com"}
    assert {one.patient for one in read_cases(folder)} <= {"P7", "case1"}
    assert len({one.patient for one in read_cases(folder)}) == 1


def test_the_dicom_series_gives_exact_places_even_when_slices_are_counted_downwards(
    circus: Circus, client: CircusClient, tmp_path: Path
) -> None:
    series = ct_series(pixels=voxels().astype(np.uint16))
    for header in series:
        header.SeriesInstanceUID, header.PatientID = UID, "P9"
    save_series(tmp_path / "pacs" / "deep", series)
    other = ct_series()
    for header in other:
        header.SeriesInstanceUID = f"{UID}.2"
    save_series(tmp_path / "pacs" / "other", other)
    for revision in circus.cases["case1"]["revisions"]:
        revision["series"][0]["partialVolumeDescriptor"] = {"start": 6, "end": 1, "delta": -1}
    pulled = pull_cases(client, ["case1"], tmp_path / "data", tmp_path / "pacs")
    assert (pulled.masks, pulled.weak) == (1, 8)
    mask = read_volume(tmp_path / "data/labels/final/case1-vol000.nii.gz")
    # Slice 3 of the volume is instance 3, which is index 2 of the series.
    place = mask.geometry.index_to_ras((7.0, 2.0, 3.0))
    assert mask.array[7, 2, 3] == 1
    np.testing.assert_allclose(place, GEOMETRY.index_to_ras((7, 2, 2)), atol=1e-3)
    image = read_volume(tmp_path / "data/case1-vol000.nii.gz")
    np.testing.assert_array_equal(image.array[:, :, 5], voxels()[:, :, 0] - 1024)
    ball = next(one for one in read_weak_folder(tmp_path / "data") if isinstance(one, Sphere))
    assert ball.patient == "P9"
    np.testing.assert_allclose(
        ball.center_mm, GEOMETRY.index_to_ras((6 / 0.8 - 0.5, 4 / 0.5 - 0.5, 5 - (8 / 3 - 0.5))), atol=1e-3
    )


def test_an_older_revision_can_be_asked_for(client: CircusClient, tmp_path: Path) -> None:
    pulled = pull_cases(client, ["case1"], tmp_path, revision=0)
    assert (pulled.masks, pulled.weak) == (0, 0)
    with pytest.raises(InputError, match="has no such revision; got 5; expected 0 to 1"):
        client.case("case1").revision(5)


def test_pulling_again_never_overwrites_a_mask_that_was_changed_here(client: CircusClient, tmp_path: Path) -> None:
    pull_cases(client, ["case1"], tmp_path)
    pull_cases(client, ["case1"], tmp_path)
    path = tmp_path / "labels/final/case1-vol000.nii.gz"
    mask = read_volume(path)
    write_volume(Volume(np.ones_like(mask.array), mask.geometry), path)
    with pytest.raises(ConflictError, match="mask was changed here since it was pulled.*push it first"):
        pull_cases(client, ["case1"], tmp_path)
    assert read_volume(path).array.min() == 1


def test_an_image_of_that_name_from_elsewhere_stays(client: CircusClient, tmp_path: Path) -> None:
    (tmp_path / "case1-vol000.nii.gz").write_bytes(b"mine")
    with pytest.raises(ConflictError, match="did not come from CIRCUS DB"):
        pull_cases(client, ["case1"], tmp_path)
    assert (tmp_path / "case1-vol000.nii.gz").read_bytes() == b"mine"


def test_labels_of_unknown_types_and_shared_voxels_are_named(
    circus: Circus, client: CircusClient, tmp_path: Path
) -> None:
    twice = [LABELS[0], label("voxel", "again", **{k: LABELS[0]["data"][k] for k in ("voxels", "origin", "size")})]
    circus.cases["case1"] = case(labels=[*twice, {"type": "mesh", "data": {}}])
    pulled = pull_cases(client, ["case1"], tmp_path)
    assert pulled.passed_over == (
        "case case1, volume 0, label 2 (mesh)",
        "6 voxels of case1-vol000 that several labels share; each has the last one's value",
    )


def test_the_cases_of_a_project_are_listed_over_all_pages(circus: Circus, client: CircusClient) -> None:
    for number in range(230):
        circus.cases[f"more{number}"] = {**case(f"more{number}"), "projectId": "p2"}
    assert sum(1 for _ in client.cases_of("p2")) == 230


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"notes.txt": b""}, "holds no case"),
        ({"c/data.json": b"{"}, "c/data.json cannot be read"),
        ({"c/data.json": b'{"caseId": "../x"}'}, r"c/data\.json: caseId"),
        (
            {"c/data.json": json.dumps(case("c", [label("ellipsoid", "x", min=[1, 2], max=[3, 4, 5])])).encode()},
            r"label 0 \(ellipsoid\): data\.ellipsoid\.min",
        ),
    ],
)
def test_a_wrong_archive_says_where(circus: Circus, tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    volumes = {name.replace("case1", "c"): content for name, content in circus.files("case1", None, "isolated").items()}
    volumes = {name: content for name, content in volumes.items() if "label" not in name and "data.json" not in name}
    (tmp_path / "a.tgz").write_bytes(tgz({**files, **volumes}))
    with pytest.raises(InputError, match=said):
        pull_archive(tmp_path / "a.tgz", tmp_path / "data")
    assert not list((tmp_path / "data").glob("*.nii.gz"))


def test_nothing_of_an_archive_is_written_outside_its_folder(circus: Circus, tmp_path: Path) -> None:
    files = circus.files("case1", None, "isolated") | {"../evil/data.json": b"{}", "/tmp/evil/vol000.raw": b"x"}
    (tmp_path / "a.tgz").write_bytes(tgz(files))
    pull_archive(tmp_path / "a.tgz", tmp_path / "data")
    assert not list(tmp_path.rglob("*evil*"))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot be read as an archive"):
        pull_archive(tmp_path / "a.tgz", tmp_path / "data")


def test_the_servers_own_words_reach_the_reader(url: str, client: CircusClient, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="status 404: case nobody was not found"):
        pull_cases(client, ["nobody"], tmp_path)
    with CircusClient(url, "wrong") as stranger, pytest.raises(UnauthorizedError, match="status 401: You are not"):
        pull_cases(stranger, ["case1"], tmp_path)
    with pytest.raises(InputError, match="no id; got '../admin'"):
        client.case("../admin")


def test_a_blob_that_does_not_have_its_name_is_refused(circus: Circus, client: CircusClient, tmp_path: Path) -> None:
    series = ct_series()
    for header in series:
        header.SeriesInstanceUID = UID
    save_series(tmp_path / "pacs", series)
    circus.cases["case1"]["revisions"][-1]["series"].pop()
    circus.blobs[next(iter(circus.blobs))] = bytes([BLOB[0] ^ 1])
    with pytest.raises(InputError, match="a blob came damaged"):
        pull_cases(client, ["case1"], tmp_path / "data", tmp_path / "pacs")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(Circus()) as gone:
        pass
    with CircusClient(gone, "x" * 40) as client, pytest.raises(InputError, match=f"cannot reach CIRCUS DB at {gone}"):
        client.case("case1")
