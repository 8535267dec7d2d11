"""The relief of the stomach's lining: folds along the body, and the fine network of the areae gastricae."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lesionlab.phantoms.picture import Field, logistic, waves
from lesionlab.phantoms.stomach_shape import Pouch


@dataclass(frozen=True)
class Mucosa:
    """What the lining looks like.

    Attributes:
        fold_mm: thickness of a fold.
        gap_mm: between two folds.
        tortuous: how far folds leave their course, as a share of their distance.
        uneven: how much a fold's thickness changes along its course, as a share.
        areae_mm: size of an area gastrica.
        areae_uneven: how much that size changes from place to place, as a share.
        height: of folds, 1 when the stomach is filled as usual.
        relief: of the areae gastricae.
    """

    fold_mm: float
    gap_mm: float
    tortuous: float
    uneven: float
    areae_mm: float
    areae_uneven: float
    height: float
    relief: float


def draw_mucosa(rng: np.random.Generator, inflamed: bool) -> Mucosa:
    """Regular and thin, or swollen and tortuous; single measures overlap, all of them together do not."""
    # Where folds are hardly thicker they wind the more, and the other way round.
    thick = float(rng.uniform(0.4, 1.4)) if inflamed else float(rng.uniform(-0.15, 0.25))
    winding = 1.8 - thick if inflamed else float(rng.uniform(-0.15, 0.25))
    return Mucosa(
        fold_mm=float(max(2.5, 4.0 + 2.6 * thick + rng.normal(0, 0.4))),
        gap_mm=float(rng.uniform(4.5, 8.0) - 0.8 * thick),
        tortuous=float(max(0.03, 0.09 + 0.28 * winding + rng.normal(0, 0.03))),
        uneven=float(max(0.03, 0.08 + 0.2 * winding + rng.normal(0, 0.04))),
        areae_mm=float(2.4 + 1.2 * thick + rng.normal(0, 0.3)),
        areae_uneven=float(max(0.0, 0.1 + 0.25 * winding + rng.normal(0, 0.06))),
        height=float(rng.uniform(0.7, 1.2)),
        relief=float(rng.uniform(0.15, 0.3)),
    )


def relief(rng: np.random.Generator, pouch: Pouch, mucosa: Mucosa, pixel_mm: float) -> tuple[Field, Field]:
    """Height of the lining (0 in the grooves, about 1 on folds) and how far folds are spread there, 0..1."""
    shape = pouch.inside.shape
    height, width = shape[0], shape[1]
    plane = (height, width)
    period = (mucosa.fold_mm + mucosa.gap_mm) / pixel_mm
    # Around the wall: what lies at the edge is seen at an angle, and folds crowd there.
    around = np.arcsin(np.clip(pouch.across, -0.98, 0.98)) * pouch.width
    loops = waves(rng, plane, 26 / pixel_mm) + 0.6 * waves(rng, plane, 15 / pixel_mm)
    course = around / period + 0.25 * waves(rng, plane, 90 / pixel_mm) + mucosa.tortuous * loops + rng.uniform(0, 1)
    share = mucosa.fold_mm / (mucosa.fold_mm + mucosa.gap_mm) * (1 + mucosa.uneven * waves(rng, plane, 14 / pixel_mm))
    lane = 0.5 - np.abs(np.mod(course, 1) - 0.5)  # 0 on the crest of a fold, 0.5 midway
    soft = 1.1 / period
    fold = logistic((np.clip(share, 0.12, 0.85) / 2 - lane) / np.float32(soft * 0.8))
    # Some folds end, others begin.
    alive = logistic(4 * (waves(rng, plane, 45 / pixel_mm) + 1.3))
    spread = _where_folds_are(rng, pouch, plane, pixel_mm) * alive
    bumps = _areae(rng, plane, mucosa, pixel_mm)
    return np.asarray(mucosa.height * (fold * spread + mucosa.relief * bumps), dtype=np.float32), spread


def _where_folds_are(rng: np.random.Generator, pouch: Pouch, plane: tuple[int, int], pixel_mm: float) -> Field:
    """In the fundus and the body, more at the greater curve; the antrum is smooth."""
    end = float(rng.uniform(0.58, 0.72))
    body = logistic((end - pouch.along) * 22) * logistic((pouch.across + float(rng.uniform(0.55, 0.95))) * 7)
    return np.asarray(body * logistic(3 * (waves(rng, plane, 80 / pixel_mm) + 1.5)), dtype=np.float32)


def _areae(rng: np.random.Generator, plane: tuple[int, int], mucosa: Mucosa, pixel_mm: float) -> Field:
    """A network of fine grooves: where a band of random waves changes its sign."""
    size = mucosa.areae_mm / pixel_mm
    fine = waves(rng, plane, size * 1.6) - 0.5 * waves(rng, plane, size * 3.5)
    coarse = waves(rng, plane, size * 2.6)
    mix = np.clip(0.5 + 1.2 * waves(rng, plane, 30 / pixel_mm), 0, 1) * np.float32(mucosa.areae_uneven * 2)
    field = fine * (1 - np.clip(mix, 0, 1)) + coarse * np.clip(mix, 0, 1)
    return np.asarray(1 - np.exp(-((field / 0.35) ** 2)), dtype=np.float32)
