"""From a click in the browser to the drawn outline: ``python -m benchmarks.workbench_latency``.

The demo's case, its server and its workbench on this machine, driven in headless Chromium. A clock in the page starts
with the button and stops with the first picture of the axial view that shows the outline.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from lesionlab.cli.viewer import running_viewer
from lesionlab.demo.server import free_port, running
from lesionlab.demo.study import IMAGE, Study, demo_study
from lesionlab.phantoms.chest import ChestSettings

_RESULT = Path(__file__).parent / "results" / "workbench_latency.json"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
#: The outline and nothing else: pixels in a lesion's colour, left below the click, beyond the point that marks it.
_CLOCK = """
() => {
  const pane = document.querySelector("[data-pane=Red]"), canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  window.outlined = (x, y) => {
    const picture = pane.querySelector("img.image-display-area"), box = picture.getBoundingClientRect();
    if (!picture.naturalWidth) return 0;
    canvas.width = picture.naturalWidth; canvas.height = picture.naturalHeight;
    brush.drawImage(picture, 0, 0);
    const side = 60, left = Math.max(0, x - box.left - side), top = y - box.top;
    const data = brush.getImageData(left, top, side, side).data;
    let found = 0;
    for (let n = 0; n < data.length; n += 4) {
      const column = (n / 4) % side, row = Math.floor(n / 4 / side), across = side - column;
      if (across * across + row * row < 196) continue;
      const rgb = [data[n], data[n + 1], data[n + 2]];
      if (Math.max(...rgb) - Math.min(...rgb) > 80) found += 1;
    }
    return found;
  };
  window.until_outlined = (x, y, wanted) => new Promise((done) => {
    const start = window.pressed;
    const look = () => {
      const found = window.outlined(x, y);
      if ((found >= 12) === wanted) done(performance.now() - start);
      else if (performance.now() - start > 60000) done(-1);
      else setTimeout(look, 8);
    };
    look();
  });
  // With a size the mark's circle is drawn at once: the answer is in the list first, the next picture has the outline.
  window.until_answered = () => new Promise((done) => {
    const picture = pane.querySelector("img.image-display-area"), start = window.released;
    const look = () => {
      const row = document.querySelector("[data-lesion]");
      const drawn = () => done(performance.now() - start);
      if (row && row.innerText.includes("mm")) picture.addEventListener("load", drawn, { once: true });
      else if (performance.now() - start > 60000) done(-1);
      else setTimeout(look, 4);
    };
    look();
  });
  window.addEventListener("pointerup", () => { window.released = performance.now(); }, true);
  window.addEventListener("pointerdown", () => { window.pressed = performance.now(); }, true);
}
"""


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=24)
    parser.add_argument("--demo", type=Path, help="a folder that the demo made before")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        study = demo_study(args.demo or Path(scratch), ChestSettings())
        with (
            running(study.folder, free_port(0), Path(scratch) / "server.log") as server,
            running_viewer(server.url, "127.0.0.1", free_port(0), case=IMAGE) as viewer,
            sync_playwright() as playwright,
        ):
            chromium = shutil.which("chromium") or "/usr/bin/chromium"
            browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(viewer.url)
            page.locator(".row.on[data-case]").wait_for(timeout=60_000)
            found = _measure(page, study, args.clicks)
            browser.close()
    found |= {"processors": os.cpu_count(), "load_average": os.getloadavg()[0], "niceness": os.nice(0)}
    _RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


def _measure(page: Page, study: Study, clicks: int) -> dict[str, Any]:
    """Clicks and drags at random near the nodule's middle; each lesion is taken back before the next one."""
    page.evaluate(_CLOCK)
    _go_to(page, study.target.point_mm[2])
    x, y, pixels_per_mm = _middle(page, study)
    random = np.random.default_rng(0)
    spots = [(round(x + random.uniform(-3, 3)), round(y + random.uniform(-3, 3))) for _ in range(clicks + 1)]
    radius_px = round(study.target.size_mm / 2 * pixels_per_mm)
    return {
        "case": list(study.image.geometry.shape),
        "point_alone": _figures([_click(page, at) for at in spots]),
        "point_and_size": _figures([_drag(page, at, radius_px) for at in spots]),
    }


def _click(page: Page, at: tuple[int, int]) -> float:
    """Seconds from the button to the outline."""
    page.mouse.move(at[0] - 20, at[1] - 20)
    page.mouse.click(*at)
    passed_ms = float(page.evaluate("([x, y]) => window.until_outlined(x, y, true)", at))
    return _taken_back(page, at, passed_ms)


def _drag(page: Page, at: tuple[int, int], radius_px: int) -> float:
    """Seconds from the button coming up to the outline."""
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + radius_px, at[1], steps=3)
    page.mouse.up()
    passed_ms = float(page.evaluate("window.until_answered()"))
    return _taken_back(page, at, passed_ms)


def _taken_back(page: Page, at: tuple[int, int], passed_ms: float) -> float:
    if passed_ms < 0:
        raise RuntimeError(f"no outline after a minute, click at {at}")
    page.wait_for_timeout(400)
    page.mouse.move(at[0] - 100, at[1] + 100)
    page.keyboard.press("Delete")
    page.evaluate("([x, y]) => { window.pressed = performance.now(); return window.until_outlined(x, y, false); }", at)
    page.wait_for_timeout(300)
    return passed_ms / 1000.0


def _figures(times_s: list[float]) -> dict[str, Any]:
    """Of all but the first, which also loads the network."""
    rest = times_s[1:]
    return {
        "clicks": len(rest),
        "median_s": round(statistics.median(rest), 3),
        "p95_s": round(float(np.percentile(rest, 95)), 3),
        "all_s": [round(t, 3) for t in rest],
    }


def _go_to(page: Page, s_mm: float) -> None:
    """Scroll the axial view to a height."""
    slider = page.locator("[data-pane=Red] input[type=range]")
    slider.evaluate("(one, value) => { one.value = value; one.dispatchEvent(new Event('input')); }", s_mm)
    page.wait_for_timeout(1500)


def _middle(page: Page, study: Study) -> tuple[float, float, float]:
    """Where the nodule is on the page, and the scale: the axial view shows all of the image, centred."""
    box = page.locator("[data-pane=Red]").bounding_box()
    if box is None:
        raise RuntimeError("the axial view is not shown")
    geometry = study.image.geometry
    i, j, _ = geometry.ras_to_index(study.target.point_mm)
    wide, high = (n * step for n, step in zip(geometry.shape[:2], geometry.spacing_mm[:2], strict=True))
    scale = min(box["width"] / wide, box["height"] / high)
    across, down = ((i + 0.5) / geometry.shape[0] - 0.5) * wide, ((j + 0.5) / geometry.shape[1] - 0.5) * high
    return box["x"] + box["width"] / 2 + across * scale, box["y"] + box["height"] / 2 + down * scale, scale


if __name__ == "__main__":
    main()
