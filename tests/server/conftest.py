"""A studies folder, a real server process on it, and a client."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import nibabel
import numpy as np
import pytest

HERE = Path(__file__).parent
LIB = HERE.parents[1] / "lib"

#: A lattice that no convention makes trivial: i runs to the left, j to the front, k up; sizes and steps differ.
SHAPE = (40, 36, 30)
AFFINE = np.array([[-1.5, 0, 0, 40.0], [0, 1.0, 0, -25.0], [0, 0, 2.0, 7.0], [0, 0, 0, 1]])


def ras(index):
    """RAS mm of a voxel of the test images."""
    return [float(x) for x in AFFINE[:3, :3] @ np.asarray(index, float) + AFFINE[:3, 3]]


def image_bytes(seed=0, shape=SHAPE, affine=AFFINE):
    array = np.random.default_rng(seed).integers(-1000, 1000, shape).astype(np.int16)
    return gz(nibabel.Nifti1Image(array, affine))


def label_bytes(array, affine=AFFINE):
    return gz(nibabel.Nifti1Image(array.astype(np.uint8), affine))


def gz(image):
    import gzip

    return gzip.compress(image.to_bytes(), 1)


def read_nifti(content):
    """The array and affine of the bytes of a .nii.gz file."""
    import gzip

    holder = nibabel.FileHolder(fileobj=io.BytesIO(gzip.decompress(content)))
    image = nibabel.Nifti1Image.from_file_map({"header": holder, "image": holder})
    return np.asarray(image.dataobj), image.affine


def refused(response, status, *words):
    """The detail of a refusal, which must hold the words."""
    assert response.status_code == status, response.text
    detail = response.json()["detail"]
    assert isinstance(detail, str)
    for word in words:
        assert word in detail, detail
    return detail


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("case_a", "case_b", "case_c")):
        (folder / f"{name}.nii.gz").write_bytes(image_bytes(number))
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(command, port, log: Path, env=None) -> Iterator[httpx.Client]:
    """A server process, up and answering; it is stopped in the end."""
    with log.open("wb") as out:
        path = os.pathsep.join([str(LIB), str(LIB.parent), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **(env or {})}
        server = subprocess.Popen(command, stdout=out, stderr=out, env=environment, cwd=log.parent)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    client.get("/info/")
                    break
                except httpx.TransportError:
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise AssertionError(log.read_text()[-4000:]) from None
                    time.sleep(0.05)
            yield client
        finally:
            client.close()
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="session")
def studies(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("server") / "studies")


@pytest.fixture(scope="session")
def server(studies):
    """The real server, with balls for answers; uploads are limited to 2 MiB."""
    port = free_port()
    command = [sys.executable, str(HERE / "serve_balls.py"), str(studies), str(port), "2"]
    with process(command, port, studies.parent / "server.log") as client:
        yield client
