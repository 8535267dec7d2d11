"""One server, one workbench and one browser for all tests of the page."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lesionlab.cli.viewer import check_viewer
from lesionlab.demo.server import free_port, running
from lesionlab.demo.study import Study, demo_study
from lesionlab.errors import LesionLabError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.phantoms.chest import ChestSettings
from tests.browser.desk import Desk
from tests.browser.proxy import Door

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPO = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SETTINGS = ChestSettings(shape=(224, 224, 90), spacing_mm=(1.6, 1.6, 3.4), leaves=1000)


@dataclass(frozen=True, eq=False)
class Lab:
    """A server with the demo's case `chest`, a tilted copy of its part around the nodule, and a third case."""

    study: Study
    door: Door
    tilted_point_mm: list[float]


def tilted(image: Volume, point_mm: tuple[float, float, float]) -> tuple[Volume, list[float]]:
    """A part of an image around a point, lying askew: turned about all three axes, and where the point is then."""
    turn = np.eye(4)
    for axis, degrees in ((0, 17.0), (1, -12.0), (2, 23.0)):
        one, (a, b), angle = np.eye(4), ((1, 2), (2, 0), (0, 1))[axis], np.deg2rad(degrees)
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ one
    index = [round(x) for x in image.geometry.ras_to_index(point_mm)]
    start = tuple(max(0, min(i - 40, n - 80)) for i, n in zip(index, image.geometry.shape, strict=True))
    part = image.crop(start, (80, 80, 80))  # type: ignore[arg-type]
    lying = Volume(part.array, Geometry(part.geometry.shape, turn @ part.geometry.affine))
    return lying, (turn @ np.array([*point_mm, 1.0]))[:3].tolist()


@pytest.fixture(scope="session")
def workbench_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Starts the workbench at once; call it to wait for the address."""
    log = tmp_path_factory.mktemp("workbench") / "log"
    paths = (REPO, REPO / "lib", REPO / "slicer_extension", REPO / "slicer_extension" / "LesionLab")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}
    with log.open("w") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.driver"],
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env=env,
            cwd=REPO,
        )

    def url() -> str:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("http"), log.read_text()
        return line

    try:
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
    missed = [line for line in log.read_text().splitlines() if "Traceback" in line or "missed a step" in line]
    assert not missed, log.read_text()


@pytest.fixture(scope="session")
def lab(workbench_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    study = demo_study(folder, SETTINGS)
    image, point_mm = tilted(study.image, study.target.point_mm)
    write_volume(image, study.folder / "tilted.nii")
    write_volume(image, study.folder / "spare.nii")
    with running(study.folder, free_port(0), folder / "server.log") as server:
        door = Door(int(server.url.rsplit(":", 1)[1]))
        yield Lab(study, door, point_mm)
        door.close()


@pytest.fixture(scope="session")
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    if not CHROMIUM:
        pytest.skip("chromium is not installed; on Debian: apt-get install chromium")
    try:
        check_viewer()
    except LesionLabError as error:
        pytest.skip(error.message)
    sync_api = pytest.importorskip("playwright.sync_api")
    lab: Lab = request.getfixturevalue("lab")
    url: str = request.getfixturevalue("workbench_url")()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(20_000)
        outside: list[str] = []
        faults: list[str] = []
        page.on(
            "request",
            lambda r: None if r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else outside.append(r.url),
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.get_by_label("Address").first.fill(lab.door.url)
        page.get_by_role("button", name="Connect").click()
        page.locator("[data-case]").first.wait_for()
        yield page
        browser.close()
    assert not outside, "the page asked for something from outside"
    assert not faults


@pytest.fixture
def desk(page: Page, lab: Lab) -> Desk:
    """The reader, connected, with nothing marked."""
    lab.door.open()
    desk = Desk(page)
    desk.until(lambda s: s["connection"] == "ready", "the workbench is connected")
    desk.clear()
    return desk
