"""The demo: what a newcomer sees after ``make demo``."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from rich.console import Console

from lesionlab.cli.viewer import Viewer
from lesionlab.demo import run as run_module
from lesionlab.demo.click import click
from lesionlab.demo.run import run
from lesionlab.demo.server import Server, free_port, running
from lesionlab.demo.study import Study, demo_study
from lesionlab.errors import InputError, InternalError
from lesionlab.image.deepest import deepest_point
from lesionlab.phantoms.chest import ChestSettings

SMALL = ChestSettings(shape=(128, 128, 50), spacing_mm=(2.8, 2.8, 6.0), leaves=300)
WEIGHTS = Path(run_module.__file__).parents[1] / "weights" / "lesion_shape.safetensors"


class StandIn(BaseHTTPRequestHandler):
    """Answers a click with the truth, as the real server would form it."""

    study: Study
    asked: list[tuple[str, dict[str, object]]]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append((self.path, json.loads(parse_qs(body)["params"][0])))
        if "/broken" in self.path:
            self._send(422, {"detail": "point_mm lies outside the volume"})
            return
        truth = self.study.truth
        where = np.argwhere(truth.array)
        start, shape = where.min(axis=0), np.ptp(where, axis=0) + 1
        crop = truth.crop(tuple(map(int, start)), tuple(map(int, shape)))  # type: ignore[arg-type]
        packed = base64.b64encode(zlib.compress(np.ascontiguousarray(crop.array).tobytes())).decode()
        mask = {"shape": crop.array.shape, "dtype": "uint8", "data": packed, "affine": crop.geometry.affine.tolist()}
        reply = {"mask": mask, "diameter_mm": 23.456, "volume_mm3": 4321.0, "certainty": 0.87}
        self._send(200, {} if "/odd" in self.path else reply)

    def _send(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return demo_study(tmp_path_factory.mktemp("demo"), SMALL)


@pytest.fixture
def url(study: Study) -> Iterator[str]:
    handler = type("Handler", (StandIn,), {"study": study, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_case_is_kept_and_made_anew_when_it_is_spoilt(study: Study) -> None:
    image = study.folder / "chest.nii"
    stamp = image.stat().st_mtime_ns
    again = demo_study(study.folder.parent, SMALL)
    assert (again.target, image.stat().st_mtime_ns) == (study.target, stamp)
    image.write_bytes(b"torn")
    new = demo_study(study.folder.parent, SMALL)
    assert new.target == study.target
    assert np.array_equal(demo_study(study.folder.parent, SMALL).image.array, study.image.array)


def test_the_truth_is_kept_out_of_the_studies_folder(study: Study) -> None:
    assert [path.name for path in study.folder.iterdir()] == ["chest.nii"]


def test_the_click_is_the_deepest_point_of_the_nodule(study: Study) -> None:
    assert study.target.point_mm == pytest.approx(deepest_point(study.truth), abs=0.01)


def test_a_click_brings_back_the_mask_in_register(study: Study, url: str) -> None:
    reply = click(url, "lesion_shape", "chest", study.target.point_mm, study.target.size_mm)
    assert reply.mask.array.sum() == study.truth.array.sum()
    assert deepest_point(reply.mask) == pytest.approx(deepest_point(study.truth))
    assert (reply.diameter_mm, reply.certainty) == (23.456, 0.87)


@pytest.mark.parametrize(
    ("task", "said"),
    [("broken", "refused the click; got 422 .*point_mm lies outside"), ("odd", "answer cannot be read; got KeyError")],
)
def test_a_failed_click_says_why(study: Study, url: str, task: str, said: str) -> None:
    with pytest.raises(InternalError, match=said):
        click(url, task, "chest", study.target.point_mm, study.target.size_mm)


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(InternalError, match="did not answer the click"):
        click(f"http://127.0.0.1:{free_port(0)}", "lesion_shape", "chest", (0, 0, 0), 10)


def test_the_demo_prints_the_measurements_and_writes_the_picture(
    study: Study, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def stand_in(*_: object) -> Iterator[Server]:
        yield Server(url, subprocess.Popen([sys.executable, "-c", ""]))

    @contextmanager
    def page_stand_in(server: str, host: str, port: int, case: str = "") -> Iterator[Viewer]:
        assert (server, case) == (url, "chest")
        yield Viewer("http://127.0.0.1:1/index.html?secret=s", subprocess.Popen([sys.executable, "-c", ""], text=True))

    monkeypatch.setattr(run_module, "running", stand_in)
    monkeypatch.setattr(run_module, "running_viewer", page_stand_in)
    text = io.StringIO()
    out = study.folder.parent
    _, score = run(out, 0, "lesion_shape", Console(file=text), stay=True, settings=SMALL)
    assert score == 1.0
    said = text.getvalue()
    assert "diameter 23.5 mm, volume 4.32 ml, certainty 0.87, Dice 1.00 against the truth" in said
    assert f"Picture  {out / 'click.png'}" in said
    assert f"curl -X POST '{url}/infer/lesion_shape?image=chest&output=image'" in said
    assert "3D Slicer" in said
    assert "Open http://127.0.0.1:1/index.html?secret=s and click in a nodule. Ctrl-C stops everything." in said
    from matplotlib.image import imread

    picture = imread(out / "click.png")
    amber = (picture[..., 0] > 0.8) & (abs(picture[..., 1] - 0.69) < 0.12) & (picture[..., 2] < 0.3)
    assert amber.sum() > 100  # the outline


def test_without_the_workbench_the_demo_says_why_and_goes_on(
    study: Study, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def stand_in(*_: object) -> Iterator[Server]:
        yield Server(url, subprocess.Popen([sys.executable, "-c", ""]))

    @contextmanager
    def missing(*_: object, **__: object) -> Iterator[Viewer]:
        raise InputError("the workbench needs trame-slicer", hint="pip install it")
        yield  # a context manager has to be a generator

    monkeypatch.setattr(run_module, "running", stand_in)
    monkeypatch.setattr(run_module, "running_viewer", missing)
    text = io.StringIO()
    run(study.folder.parent, 0, "lesion_shape", Console(file=text), stay=True, settings=SMALL)
    assert "Browser  not here: the workbench needs trame-slicer; pip install it" in text.getvalue()
    assert f"Serving at {url}. Ctrl-C stops everything." in text.getvalue()


def test_a_free_port_is_the_wanted_one_unless_it_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert free_port(number) != number
    assert free_port(number) == number


def test_a_server_that_cannot_start_is_said_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "studies").write_text("no folder")
    with pytest.raises(InternalError, match=r"the server ended with status 2.*server\.log"):  # noqa: SIM117
        with running(tmp_path / "studies", free_port(0), tmp_path / "server.log"):
            pass


@pytest.mark.server
@pytest.mark.skipif(not WEIGHTS.exists(), reason="the weights of lesion_shape are not shipped yet")
def test_the_real_server_answers_the_demo_and_is_gone_afterwards(tmp_path: Path) -> None:
    port, page_port = free_port(0), free_port(0)
    text = io.StringIO()
    reply, score = run(
        tmp_path / "demo", port, "lesion_shape", Console(file=text), stay=False, settings=SMALL, page_port=page_port
    )
    assert f"http://127.0.0.1:{port}" in text.getvalue()
    assert score > 0.6
    assert 0 < reply.certainty <= 1
    assert (tmp_path / "demo" / "click.png").stat().st_size > 20_000
    if importlib.util.find_spec("trame_slicer") is not None:
        assert f"Browser  http://127.0.0.1:{page_port}/index.html?secret=" in text.getvalue()
    for gone in (port, page_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", gone)) != 0
