"""A simulated double-contrast radiograph of the stomach: gas spreads the wall, a thin coat of barium draws its relief.

In gastritis by *Helicobacter pylori* the folds are thick, tortuous and uneven, and the areae gastricae coarse and irregular
(Levine et al., Radiology 1990; Sohn et al., AJR 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.picture import Field, Shape, logistic, soften, waves
from lesionlab.phantoms.stomach_background import background, pool
from lesionlab.phantoms.stomach_mucosa import Mucosa, draw_mucosa, relief
from lesionlab.phantoms.stomach_shape import Pouch, draw_pouch

#: The usual field of view.
FIELD_MM = 280.0


@dataclass(frozen=True)
class Unit:
    """The X-ray unit and how the stomach is prepared.

    Attributes:
        quanta: photons that reach a pixel on the open field.
        blur: standard deviation, pixels.
        detail: unsharp masking, 0 for none.
        gamma: of the display's curve.
        coat: thickness of the barium coat against the usual one.
        field_mm: width of the image.
        round_field: an image intensifier, dark outside its circle and bent at its rim.
        window: percentiles shown as black and white.
        edge: pixels along each side.
    """

    quanta: float = 14000
    blur: float = 0.7
    detail: float = 0.5
    gamma: float = 1.0
    coat: float = 1.0
    field_mm: float = FIELD_MM
    round_field: bool = False
    window: tuple[float, float] = (0.5, 99.5)
    edge: int = 512


@dataclass(frozen=True, eq=False)
class StomachPhantom:
    """``image`` uint8 (y, x), ``region``: the folded or coarse lining that decides the class, empty in a healthy stomach."""

    image: NDArray[np.uint8]
    region: NDArray[np.bool_]
    inflamed: bool
    mucosa: Mucosa


def simulate_stomach(rng: np.random.Generator, inflamed: bool, unit: Unit | None = None) -> StomachPhantom:
    """One radiograph of one patient."""
    unit = unit or Unit()
    # Each on its own, so that one patient's stomach may be healthy or inflamed with all else equal.
    lining, rest, body, surface, barium, film = rng.spawn(6)
    mucosa = draw_mucosa(lining, inflamed)
    field_mm = unit.field_mm * float(rest.uniform(0.92, 1.12))
    pixel_mm = field_mm / unit.edge
    plane: Shape = (unit.edge, unit.edge)
    pouch = draw_pouch(rest, plane, FIELD_MM / field_mm)
    path = background(body, plane, pixel_mm)
    wall, spread = _wall(surface, pouch, mucosa, pixel_mm, unit.coat * float(rest.uniform(0.75, 1.35)))
    level = pool(barium, pouch, pixel_mm)
    path = path - 0.35 * ndimage.gaussian_filter(pouch.inside.astype(np.float32), 1 / pixel_mm) * np.sqrt(
        np.clip(pouch.edge, 0, 1)
    )
    path = path + wall + level
    image = _expose(film, path, unit)
    seen = pouch.inside & (spread > 0.5) & (level < 0.5) & (pouch.edge > 0.04)
    region = (
        ndimage.binary_opening(seen, iterations=max(1, round(1.6 / pixel_mm)))
        if inflamed
        else np.zeros(plane, dtype=bool)
    )
    return StomachPhantom(image, np.asarray(region), inflamed, mucosa)


def _wall(rng: np.random.Generator, pouch: Pouch, mucosa: Mucosa, pixel_mm: float, coat: float) -> tuple[Field, Field]:
    """Attenuation of the coat on the back and the front wall, and where folds are spread on the back one."""
    plane = (pouch.inside.shape[0], pouch.inside.shape[1])
    total = np.zeros(plane, dtype=np.float32)
    tilt = 1 / np.sqrt(np.maximum(2 * pouch.edge - pouch.edge**2, 0.004))  # the rays' way through the coat
    filling = float(rng.uniform(0.12, 0.28))
    spread: Field | None = None
    for share in (1.0, float(rng.uniform(0.15, 0.45))):  # little barium stays on the upper wall
        height, folds = relief(rng, pouch, mucosa, pixel_mm)
        dy, dx = np.gradient(ndimage.gaussian_filter(height, 0.4 / pixel_mm) * (4.5 / pixel_mm) * 0.55)
        slope = np.sqrt(1 + dy**2 + dx**2)
        patchy = 1 + 0.22 * waves(rng, plane, 33 / pixel_mm)
        film = 0.10 * slope + filling * np.clip(1 - height / mucosa.height, 0, 1) ** 2 * np.clip(folds + 0.35, 0, 1)
        total += np.asarray(share * film * np.clip(patchy, 0.3, 2) * np.clip(tilt, 1, 7), dtype=np.float32)
        spread = folds if spread is None else spread
    assert spread is not None
    inside = ndimage.gaussian_filter(pouch.inside.astype(np.float32), 0.6)
    return np.asarray(coat * total * inside, dtype=np.float32), spread


def _expose(rng: np.random.Generator, path: Field, unit: Unit) -> NDArray[np.uint8]:
    """From attenuation along the rays to grey levels: barium is bright."""
    through = np.exp(-path)
    hit = ndimage.gaussian_filter(through + 0.18 * soften(through, 0.09 * unit.edge), unit.blur)
    counts = np.maximum(rng.poisson(hit * unit.quanta).astype(np.float32), 0.5)
    film = -np.log(ndimage.gaussian_filter(counts, 0.45) / unit.quanta)
    film = film + unit.detail * (film - soften(film, 0.028 * unit.edge))
    lens = np.ones_like(film)
    if unit.round_field:
        y, x = np.mgrid[: unit.edge, : unit.edge].astype(np.float32) / (unit.edge / 2) - 1
        r = np.hypot(x, y)
        lens = logistic((0.97 - r) * 60)
        film = film + 0.25 * r**2
    low, high = np.percentile(film[lens > 0.5], unit.window)
    level = np.clip((film - low) / max(float(high - low), 1e-6), 0, 1) ** (unit.gamma * float(rng.uniform(0.85, 1.2)))
    return np.asarray(np.clip(np.rint((level * 240 + 8) * lens), 0, 255), dtype=np.uint8)
