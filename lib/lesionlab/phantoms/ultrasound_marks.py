"""What a machine or an examiner burns into an ultrasound image: callipers, text, a scale. None of it tells the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import ImageDraw

Picture = NDArray[np.uint8]
_WORDS = ("L", "R", "2", "10", "UOQ", "UIQ", "RAD", "ANTIRAD", "MI 0.8", "TIS 0.2", "12L", "FR 24", "Gen", "Breast")


def burn_in(
    rng: np.random.Generator, picture: Picture, mask: NDArray[np.bool_], pixel_mm: float
) -> tuple[Picture, int, int]:
    """The picture on the machine's screen, and how far it moved to the right and down."""
    from PIL import Image, ImageDraw

    top, bottom, left, right = (int(rng.integers(0, 40)) if rng.random() < 0.5 else 0 for _ in range(4))
    screen = np.pad(picture, ((top, bottom), (left, right)), constant_values=int(rng.integers(0, 25)))
    drawn = Image.fromarray(screen)
    pen = ImageDraw.Draw(drawn)
    bright = int(rng.integers(170, 256))
    if rng.random() < 0.35:
        _callipers(rng, pen, mask, (left, top), bright)
    for _ in range(int(rng.poisson(1.2))):
        word = str(rng.choice(_WORDS)) + " " + str(rng.integers(1, 13))
        corner = (int(rng.uniform(0.02, 0.8) * screen.shape[1]), 4 if rng.random() < 0.5 else screen.shape[0] - 16)
        pen.text(corner, word, fill=bright)
    if rng.random() < 0.4:
        step = 10 / pixel_mm
        for n in range(int(picture.shape[0] / step) + 1):
            y = top + int(n * step)
            pen.line([(screen.shape[1] - 8, y), (screen.shape[1] - 2, y)], fill=bright)
    return np.asarray(drawn, dtype=np.uint8), left, top


def _callipers(
    rng: np.random.Generator, pen: ImageDraw.ImageDraw, mask: NDArray[np.bool_], offset: tuple[int, int], bright: int
) -> None:
    """Crosses at the ends of the lesion's axes, sometimes with a dotted line between them."""
    rows, columns = np.nonzero(mask)
    middle = (float(columns.mean()), float(rows.mean()))
    ends = [
        ((float(columns.min()), middle[1]), (float(columns.max()), middle[1])),
        ((middle[0], float(rows.min())), (middle[0], float(rows.max()))),
    ]
    dotted = rng.random() < 0.6
    for pair in ends[: int(rng.integers(1, 3))]:
        points = [tuple(c + o + float(rng.normal(0, 2)) for c, o in zip(p, offset, strict=True)) for p in pair]
        for x, y in points:
            pen.line([(x - 4, y), (x + 4, y)], fill=bright)
            pen.line([(x, y - 4), (x, y + 4)], fill=bright)
        if dotted:
            for t in np.arange(0, 1, 0.04):
                x, y = (a + (b - a) * t for a, b in zip(*points, strict=True))
                pen.point((x, y), fill=bright)
