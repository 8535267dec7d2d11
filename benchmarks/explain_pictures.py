"""The image and its heat maps side by side, in the slice through a point, for the documentation.

python -m benchmarks.explain_pictures IMAGE --point-mm R A S --width-mm 80 --window LOW HIGH --maps TITLE=FILE ... --out FILE.png

A title that begins with "=" is shown as an image by itself, in a window of its own (class models); any other over the image.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lesionlab.image.files import read_volume
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume

_SAMPLES = 240


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, cut, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--point-mm", nargs=3, type=float, required=True)
    parser.add_argument("--width-mm", type=float, required=True)
    parser.add_argument("--window", nargs=2, type=float, required=True)
    parser.add_argument("--maps", nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    volume = read_volume(given.image)
    point, (low, high) = tuple(given.point_mm), given.window
    plain = axial(volume, point, given.width_mm)
    named = [one.rpartition("=") for one in given.maps]
    figure = Figure(figsize=(2.6 * (1 + len(named)), 2.9), dpi=100, layout="constrained")
    axes = figure.subplots(1, 1 + len(named))
    axes[0].imshow(plain, cmap="gray", vmin=low, vmax=high)
    axes[0].set_title("image", fontsize=9)
    for ax, (title, _, file) in zip(axes[1:], named, strict=True):
        heat = axial(read_volume(Path(file)), point, given.width_mm)
        ax.set_title(title.removeprefix("="), fontsize=9)
        if title.startswith("="):
            ax.imshow(heat, cmap="gray", vmin=np.percentile(heat, 1), vmax=np.percentile(heat, 99.9))
            continue
        largest = float(np.abs(heat).max()) or 1.0
        ax.imshow(plain, cmap="gray", vmin=low, vmax=high)
        signed = float(heat.min()) < -0.05 * largest
        strength = np.clip(np.abs(heat) / largest, 0, 1)
        colours = "coolwarm" if signed else "inferno"
        ax.imshow(heat, cmap=colours, vmin=-largest if signed else 0, vmax=largest, alpha=np.sqrt(strength) * 0.85)
    for ax in axes:
        ax.set_axis_off()
    figure.savefig(given.out)


def axial(volume: Volume, point_mm: tuple[float, float, float], width_mm: float) -> NDArray[np.float32]:
    """The slice through a point as radiologists look at it: rows from the front, the patient's right on the left."""
    grid = PatchGrid(volume.geometry, point_mm, width_mm / _SAMPLES, (_SAMPLES, _SAMPLES, 1))
    return grid.sample(volume)[::-1, ::-1, 0].T


if __name__ == "__main__":
    main()
