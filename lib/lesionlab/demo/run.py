"""The demo from end to end."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from lesionlab.cli.viewer import Viewer, running_viewer
from lesionlab.demo.click import Reply, click
from lesionlab.demo.picture import draw
from lesionlab.demo.server import Server, free_port, running
from lesionlab.demo.study import IMAGE, Study, demo_study
from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.metrics.overlap import dice
from lesionlab.phantoms.chest import ChestSettings


def run(
    out: Path,
    port: int,
    task: str,
    console: Console,
    stay: bool,
    settings: ChestSettings | None = None,
    page_port: int = 8080,
) -> tuple[Reply, float]:
    """Make the case, serve it, click once, draw the answer, start the workbench; returns the reply and its Dice against the truth.

    Args:
        out: where everything is written.
        port: the port to serve at; a free one is taken when it is in use.
        task: the ``shape`` task to ask.
        console: where progress is shown.
        stay: whether to keep serving until Ctrl-C.
        page_port: the workbench's port; a free one is taken when it is in use.
        settings: the phantom, when it shall be another than the standard one.
    """
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with console.status("Sample case: simulating a chest CT (kept for the next time) ..."):
        study = demo_study(out, settings or ChestSettings())
    i, j, k = study.image.geometry.shape
    console.print(f"Case     {i} x {j} x {k} chest CT with known nodules, in {study.folder}", soft_wrap=True)
    with ExitStack() as stack:
        start = time.perf_counter()
        with console.status("Starting the server ..."):
            server = stack.enter_context(running(study.folder, free_port(port), out / "server.log"))
        console.print(f"Server   {server.url}, up in {time.perf_counter() - start:.1f} s", soft_wrap=True)
        reply, score = _one_click(out, study, server, task, console)
        viewer = _workbench(stack, server, free_port(page_port), console)
        _how_to_go_on(study, server, task, console)
        if stay:
            _serve_on(server, viewer, console)
    return reply, score


def _one_click(out: Path, study: Study, server: Server, task: str, console: Console) -> tuple[Reply, float]:
    target = study.target
    with console.status("Clicking on a nodule ..."):
        first = click(server.url, task, IMAGE, target.point_mm, target.size_mm)
        reply = click(server.url, task, IMAGE, target.point_mm, target.size_mm)
    found = Volume.zeros(study.image.geometry).paste(reply.mask)
    score = dice(found.array > 0, study.truth.array > 0)
    picture = out / "click.png"
    title = (
        f"{task}: diameter {reply.diameter_mm:.1f} mm, volume {reply.volume_mm3 / 1000:.2f} ml, "
        f"certainty {reply.certainty:.2f}\n"
        f"simulated CT, truth {target.size_mm:.1f} mm and {target.volume_mm3 / 1000:.2f} ml, Dice {score:.2f}"
    )
    draw(picture, study.image, found, study.truth, target.point_mm, target.size_mm, title)
    r, a, s = target.point_mm
    console.print(
        f"Click    at {r:g}, {a:g}, {s:g} mm (RAS), size {target.size_mm:g} mm: diameter {reply.diameter_mm:.1f} mm, "
        f"volume {reply.volume_mm3 / 1000:.2f} ml, certainty {reply.certainty:.2f}, Dice {score:.2f} against the truth",
        soft_wrap=True,
    )
    console.print(f"Time     {first.seconds:.2f} s for the first click, {reply.seconds:.2f} s for the next")
    console.print(f"Picture  {picture}", soft_wrap=True)
    return reply, score


def _workbench(stack: ExitStack, server: Server, port: int, console: Console) -> Viewer | None:
    """The workbench with the case open; None where something has to be installed first, which is said."""
    start = time.perf_counter()
    try:
        with console.status("Starting the workbench ..."):
            viewer = stack.enter_context(running_viewer(server.url, "127.0.0.1", port, case=IMAGE))
    except InputError as error:
        console.print(f"Browser  not here: {error.message}", soft_wrap=True)
        return None
    console.print(f"Browser  {viewer.url}, up in {time.perf_counter() - start:.1f} s", soft_wrap=True)
    return viewer


def _how_to_go_on(study: Study, server: Server, task: str, console: Console) -> None:
    params = {"point_mm": list(study.target.point_mm), "size_mm": study.target.size_mm, "result": "crop"}
    curl = (
        f"curl -X POST '{server.url}/infer/{task}?image={IMAGE}&output=image' "
        f"-F 'params={json.dumps(params)}' -o nodule.nrrd"
    )
    console.print("\nTo go on (while the server runs: lesionlab serve --studies " + f"{study.folder})", soft_wrap=True)
    console.print(f"- Any program:  {curl}", soft_wrap=True, markup=False)
    console.print(
        f"- 3D Slicer:    module LesionLab or MONAI Label, server {server.url}, then 'Next sample' and click in a nodule",
        soft_wrap=True,
    )


def _serve_on(server: Server, viewer: Viewer | None, console: Console) -> None:
    where = f"Open {viewer.url} and click in a nodule." if viewer else f"Serving at {server.url}."
    console.print(f"\n{where} Ctrl-C stops everything.", soft_wrap=True)
    try:
        server.process.wait()
    except KeyboardInterrupt:
        console.print("Stopped.")
