"""What is no image, too large, or in the place of something else is refused, and nothing of it is kept."""

from __future__ import annotations

import io
import json
import zipfile

import nibabel
import numpy as np
import pytest

from tests.server.conftest import AFFINE, SHAPE, gz, image_bytes, label_bytes, ras, refused

GOOD = {"point_mm": ras((20, 18, 15)), "size_mm": 12.0}


def archive(names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, b"harmful")
    return out.getvalue()


UPLOADS = {
    "text": ("x.nii.gz", b"this is no image"),
    "empty": ("x.nii.gz", b""),
    "cut short": ("x.nii.gz", image_bytes()[:-5000]),
    "a broken header": ("x.nii", b"\x5c\x01\x00\x00" + b"\xff" * 500),
    "another format's name": ("x.nrrd", image_bytes()),
    "a program": ("x.exe", b"MZ\x90"),
    "no suffix": ("x", image_bytes()),
    "only a suffix": (".nii.gz", image_bytes()),
    "several time points": ("x.nii.gz", gz(nibabel.Nifti1Image(np.zeros((4, 4, 4, 3), np.int16), AFFINE))),
}


@pytest.mark.parametrize("kind", UPLOADS)
def test_what_is_no_image_is_not_stored(server, studies, kind):
    before = sorted(path.name for path in studies.iterdir())
    name, content = UPLOADS[kind]
    for response in (
        server.put("/datastore/?image=new_one", files={"file": (name, content)}),
        server.put("/session/", files=[("files", (name, content))])
        if kind not in ("no suffix", "only a suffix")
        else None,
        server.put("/datastore/label?image=case_a", files={"label": (name, content)}),
        server.post("/infer/lesion_shape", data={"params": json.dumps(GOOD)}, files={"file": (name, content)}),
    ):
        if response is not None:
            detail = refused(response, 422)
            assert str(studies) not in detail
    assert sorted(path.name for path in studies.iterdir()) == before
    assert not list((studies / ".lesionlab" / "incoming").iterdir())


def test_the_path_in_an_uploaded_files_name_is_dropped(server, studies):
    upload = {"file": ("../../../climbed.nii.gz", image_bytes(5))}
    assert server.put("/datastore/", files=upload).json() == {"image": "climbed"}
    assert (studies / "climbed.nii.gz").is_file()
    assert server.delete("/datastore/image?id=climbed").status_code == 200
    assert not (studies / "climbed.nii.gz").exists()


def test_an_archive_cannot_write_elsewhere(server, studies):
    upload = [("files", ("x.zip", archive(["../../../../evil.nii.gz", "/tmp/evil.nii.gz"])))]
    refused(server.put("/session/?uncompress=true", files=upload), 422)
    assert not list(studies.parent.rglob("evil*"))


MULTIPART = "multipart/form-data; boundary=edge"


def in_pieces(content):
    """A multipart body whose length nobody announces."""
    yield b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x.nii.gz"\r\n\r\n'
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]
    yield b"\r\n--edge--\r\n"


def test_too_much_is_refused_before_it_is_read(server):
    large = b"\0" * (3 * 1024 * 1024)
    for response in (
        server.put("/datastore/?image=large", files={"file": ("x.nii.gz", large)}),
        server.put("/session/", files=[("files", ("x.nii.gz", large))]),
        server.post("/infer/lesion_shape", data={"params": "{}"}, files={"file": ("x.nii.gz", large)}),
        server.put("/datastore/?image=large", content=in_pieces(large), headers={"content-type": MULTIPART}),
    ):
        refused(response, 413, "too large", f"at most {2 * 1024 * 1024} bytes")
    refused(server.post("/train/lesion_shape", content=b" " * 1_500_000), 413, "too large")
    assert server.post("/infer/lesion_shape?image=case_a", data={"params": " " * 1_500_000}).status_code in (400, 413)


def test_a_label_must_lie_on_the_lattice_of_its_image(server):
    wrong = AFFINE.copy()
    wrong[0, 3] += 3
    for content in (label_bytes(np.zeros((5, 5, 5))), label_bytes(np.zeros(SHAPE), wrong)):
        response = server.put("/datastore/label?image=case_a", files={"label": ("l.nii.gz", content)})
        refused(response, 422, "lattice", "(40, 36, 30)")


def test_an_image_is_never_silently_replaced(server, studies):
    name = "case_b.nii.gz"
    before = (studies / name).read_bytes()
    refused(
        server.put("/datastore/?image=case_b", files={"file": (name, image_bytes(99))}), 409, "another image", "case_b"
    )
    again = server.put("/datastore/?image=case_b", files={"file": (name, before)})
    assert again.json() == {"image": "case_b"}
    assert (studies / name).read_bytes() == before


def test_a_folder_of_files_that_are_no_slices_makes_no_session(server, studies):
    files = [("files", (f"IM{n:04d}", b"no slice")) for n in range(3)]
    refused(server.put("/session/", files=files), 422, "DICOM")
    twice = [("files", ("a.dcm", b"x")), ("files", ("sub/a.dcm", b"x"))]
    refused(server.put("/session/", files=twice), 422, "same name")
    refused(server.put("/session/"), 422, "no image")
    sessions = studies / ".lesionlab" / "sessions"
    assert all((folder / "meta.info").is_file() for folder in sessions.iterdir())
