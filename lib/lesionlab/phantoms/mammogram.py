"""A simulated mammogram (one view) with masses whose truth is known.

Breast tissue follows a power-law spectrum with an exponent of about 3 (Burgess et al. 2001); masses add the chord of an
ellipsoid, with strands for spiculated ones. Strands, islands of dense tissue and their overlaps look like masses and are none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.phantoms.mammogram_calcifications import Cluster, ClusterFinding, add_clusters, add_specks, dust

Field = NDArray[np.float32]
View = Literal["CC", "MLO"]
Border = Literal["round", "lobulated", "ill-defined", "spiculated"]

#: Pixels along the height and the width.
EDGE = 512


@dataclass(frozen=True)
class Mass:
    """A mass to make: longest diameter in pixels, its border, and how much brighter it is than what surrounds it."""

    size: float
    border: Border
    contrast: float


@dataclass(frozen=True)
class Film:
    """How a unit takes the picture.

    Attributes:
        gamma: of the film's curve.
        noise: standard deviation, in grey levels.
        blur: standard deviation, in pixels.
    """

    gamma: float = 1.0
    noise: float = 2.5
    blur: float = 0.6


@dataclass(frozen=True)
class Finding:
    """A mass as it came out: centre (x to the right, y down) and longest diameter in pixels, and its border."""

    x: float
    y: float
    size: float
    border: Border


@dataclass(frozen=True, eq=False)
class Mammogram:
    """``image`` uint8 (y, x), its masses, and its clusters of microcalcifications."""

    image: NDArray[np.uint8]
    findings: tuple[Finding, ...]
    view: View = field(default="MLO")
    clusters: tuple[ClusterFinding, ...] = ()


def simulate_mammogram(
    rng: np.random.Generator,
    masses: tuple[Mass, ...],
    film: Film | None = None,
    clusters: tuple[Cluster, ...] | None = None,
) -> Mammogram:
    """One breast; masses and clusters that find no room are left out.

    Args:
        rng: the same state gives the same picture, and the same breast with and without clusters.
        masses: to make.
        film: how the picture is taken; drawn when None.
        clusters: to make, among specks that form none; None: there is no calcium at all.
    """
    (calcium,) = rng.spawn(1)
    film = film or Film(float(rng.uniform(0.85, 1.2)), float(rng.uniform(1.5, 3.5)), float(rng.uniform(0.4, 0.9)))
    view: View = "MLO" if rng.random() < 0.6 else "CC"
    depth = _depth(rng, view)
    inside = depth > 0
    gland = _gland(rng, depth)
    level = 60 * (1 - np.exp(-np.maximum(depth, 0) / 22)) * inside
    level = level + rng.uniform(55, 120) * gland + _strands(rng, depth)
    if view == "MLO":
        level = level + _pectoral(rng, depth)
    findings: list[Finding] = []
    for mass in masses:
        made = _put(rng, level, depth, mass, findings)
        if made is not None:
            findings.append(made)
    specks: tuple[ClusterFinding, ...] = ()
    if clusters is not None:
        level = level.astype(np.float32)
        specks = add_clusters(calcium, level, depth, clusters)
        add_specks(calcium, level, depth, specks)
    level = ndimage.gaussian_filter(level, film.blur) * inside
    level = 240 * (np.clip(level, 0, 230) / 230) ** film.gamma
    level = level + rng.normal(0, film.noise, level.shape) * np.where(inside, 1, 0.3) + _label(rng, inside)
    if clusters is not None:
        level = level + dust(calcium, level.shape)
    picture = np.clip(np.rint(level), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        findings = [Finding(EDGE - 1 - f.x, f.y, f.size, f.border) for f in findings]
        specks = tuple(ClusterFinding(EDGE - 1 - f.x, f.y, f.size) for f in specks)
    return Mammogram(np.ascontiguousarray(picture), tuple(findings), view, specks)


def power_law(rng: np.random.Generator, exponent: float) -> Field:
    """Noise (``EDGE``, ``EDGE``) whose power falls with the frequency's ``exponent``; mean 0, spread 1."""
    f = np.hypot(np.fft.fftfreq(EDGE)[:, None], np.fft.rfftfreq(EDGE)[None])
    f[0, 0] = 1
    white = np.fft.rfft2(rng.standard_normal((EDGE, EDGE)))
    shaped = white / np.maximum(f, 2 / EDGE) ** (exponent / 2)
    shaped[0, 0] = 0
    noise = np.fft.irfft2(shaped, (EDGE, EDGE))
    return np.asarray(noise / noise.std(), dtype=np.float32)


def _depth(rng: np.random.Generator, view: View) -> Field:
    """Pixels below the skin, negative outside; the chest wall is at the left."""
    y, x = np.mgrid[:EDGE, :EDGE].astype(np.float32)
    wall = float(rng.uniform(20, 110))
    middle = float(rng.uniform(0.5, 0.65) if view == "MLO" else rng.uniform(0.45, 0.55)) * EDGE
    half, reach = float(rng.uniform(150, 250)), float(rng.uniform(170, 300))
    up = (y - middle) / half
    power = float(rng.uniform(2.0, 2.8))
    if view == "MLO":  # the axillary tail goes on upwards
        up = np.where(up < 0, up * float(rng.uniform(0.55, 0.8)), up)
    share = np.clip(1 - np.abs(up) ** power, 0, None) ** (1 / power)
    skin = wall + reach * share * (1 + 0.02 * np.sin(up * 4 + rng.uniform(0, 6)))
    inside = (x >= wall) & (x < skin) & (share > 0)
    padded = np.pad(inside, ((0, 0), (60, 0)), mode="edge")  # the film's edge at the chest wall is no skin
    padded[:, :60] = inside[:, int(wall) + 1][:, None]
    padded[:, 60 : 60 + int(wall) + 1] = inside[:, int(wall) + 1][:, None]
    depth = ndimage.distance_transform_edt(padded)[:, 60:].astype(np.float32)
    return np.where(inside, depth, np.float32(-1))


def _gland(rng: np.random.Generator, depth: Field) -> Field:
    """Share of dense tissue, [0, 1]: patchy, towards the nipple."""
    y, x = np.nonzero(depth > 0)
    tip = int(np.argmax(x))
    cx, cy = x[tip] - rng.uniform(60, 130), y[tip] + rng.uniform(-20, 20)
    gy, gx = np.mgrid[:EDGE, :EDGE]
    r = np.hypot((gx - cx) / rng.uniform(60, 150), (gy - cy) / rng.uniform(70, 180))
    amount = rng.uniform(-1.4, 1.0)
    patches = 1.1 * power_law(rng, 3.0) + 0.25 * power_law(rng, 2.2) + amount - 1.3 * (r - 0.8)
    gland = 1 / (1 + np.exp(-1.8 * patches))
    gland = gland * (0.65 + 0.35 * np.clip(0.5 + 0.5 * power_law(rng, 2.6), 0, 1.3))
    return np.asarray(gland * (1 - np.exp(-np.maximum(depth, 0) / 14)) * (depth > 0), dtype=np.float32)


def _strands(rng: np.random.Generator, depth: Field) -> Field:
    """Ligaments and ducts: winding lines from the nipple's side towards the chest wall, and some across."""
    canvas = np.zeros((EDGE, EDGE), dtype=np.float32)
    y, x = np.nonzero(depth > 6)
    tip = int(np.argmax(x))
    for _ in range(int(rng.integers(30, 90))):
        if rng.random() < 0.5:
            place, angle = np.array([y[tip], x[tip] - 15.0]), np.pi + rng.uniform(-1.1, 1.1)
        else:
            at = int(rng.integers(len(y)))
            place, angle = np.array([float(y[at]), float(x[at])]), rng.uniform(0, 2 * np.pi)
        length, strength, turn = int(rng.integers(30, 220)), float(rng.uniform(8, 40)), 0.0
        for _ in range(length):
            turn = 0.9 * turn + rng.normal(0, 0.014)
            angle += turn
            place = place + np.array([np.sin(angle), np.cos(angle)])
            i, j = int(place[0]), int(place[1])
            if not (0 <= i < EDGE and 0 <= j < EDGE) or depth[i, j] <= 3:
                break
            canvas[i, j] = max(canvas[i, j], strength)
    width = float(rng.uniform(0.8, 1.4))
    return np.asarray(ndimage.gaussian_filter(canvas, width) * 2.2, dtype=np.float32)


def _pectoral(rng: np.random.Generator, depth: Field) -> Field:
    wall = int(np.argmax((depth > 0).any(axis=0)))
    y, x = np.mgrid[:EDGE, :EDGE].astype(np.float32)
    across, down = float(rng.uniform(50, 150)), float(rng.uniform(150, 330))
    edge = (x - wall) / across + y / down - 1 + 0.03 * power_law(rng, 3.5)
    return np.asarray(rng.uniform(50, 110) / (1 + np.exp(np.clip(edge * 25, -30, 30))) * (depth > 0), dtype=np.float32)


def _put(rng: np.random.Generator, level: Field, depth: Field, mass: Mass, others: list[Finding]) -> Finding | None:
    """Add a mass to ``level`` where it fits."""
    y, x = np.nonzero(depth > mass.size * 0.45 + 4)
    for _ in range(20):
        if not len(y):
            return None
        at = int(rng.integers(len(y)))
        cy, cx = float(y[at]), float(x[at])
        if all(np.hypot(cx - o.x, cy - o.y) > (mass.size + o.size) * 0.7 for o in others):
            break
    else:
        return None
    reach = int(mass.size * 0.9) + 6
    top, left = max(int(cy) - reach, 0), max(int(cx) - reach, 0)
    box = (slice(top, min(int(cy) + reach, EDGE)), slice(left, min(int(cx) + reach, EDGE)))
    gy, gx = np.mgrid[box].astype(np.float32)
    angle, flat = rng.uniform(0, np.pi), float(rng.uniform(0.65, 1.0))
    u = (gx - cx) * np.cos(angle) + (gy - cy) * np.sin(angle)
    v = (-(gx - cx) * np.sin(angle) + (gy - cy) * np.cos(angle)) / flat
    around = np.arctan2(v, u)
    wavy = {"round": 0.03, "lobulated": 0.12, "ill-defined": 0.1, "spiculated": 0.1}[mass.border]
    border = 1 + wavy * sum(np.sin(n * around + rng.uniform(0, 6.3)) / np.sqrt(n - 1) for n in range(2, 7))
    core = 0.62 if mass.border == "spiculated" else 0.95
    r = np.hypot(u, v) / (mass.size / 2 * core * border)
    body = np.sqrt(np.clip(1 - r**2, 0, None))
    if mass.border in ("ill-defined", "spiculated"):
        body = ndimage.gaussian_filter(body, mass.size * 0.05)
    body = body * (1 + 0.15 * power_law(rng, 2.8)[box])
    added = mass.contrast * body
    if mass.border == "spiculated":
        added = np.maximum(added, mass.contrast * 0.7 * _rays(rng, gy - cy, gx - cx, mass.size / 2))
    level[box] += np.asarray(added, dtype=np.float32) * (depth[box] > 0)
    return Finding(cx, cy, mass.size, mass.border)


def _rays(rng: np.random.Generator, dy: Field, dx: Field, radius: float) -> Field:
    total = np.zeros_like(dx)
    for _ in range(int(rng.integers(10, 26))):
        angle = rng.uniform(0, 2 * np.pi)
        along = dx * np.cos(angle) + dy * np.sin(angle)
        across = -dx * np.sin(angle) + dy * np.cos(angle) + 0.06 * along**2 / radius * rng.normal()
        width = np.maximum(0.05 * radius * (1.3 - along / (1.6 * radius)), 0.5)
        fade = np.clip(1.6 - along / (radius * rng.uniform(0.8, 1.3)), 0, 1) * (along > 0)
        total = np.maximum(total, np.exp(-((across / width) ** 2)) * fade)
    return np.asarray(total, dtype=np.float32)


def _label(rng: np.random.Generator, inside: NDArray[np.bool_]) -> Field:
    """A lead marker or a bright strip on the bare film."""
    out = np.zeros(inside.shape, dtype=np.float32)
    if rng.random() < 0.6:
        y, x = int(rng.integers(5, 60)), int(rng.integers(300, 470))
        out[y : y + 30, x : x + 24] = float(rng.uniform(150, 235))
        out[y + 8 : y + 20, x + 5 : x + 18] *= float(rng.uniform(0, 0.6))
    return out * ~inside
