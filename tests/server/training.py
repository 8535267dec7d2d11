"""Studies and a task on which training takes seconds: bright balls, and a network too small to be good."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume

TINY = """
kind: shape
title: Tiny
description: Balls.
network: {channels: [8, 8, 8], blocks: 1}
patch: {side: 2.5, voxels: 16}
training: {epochs: 2, steps: 3, batch: 2, phantoms: 0, learning_rate: 0.005}
"""


def write_ball(studies: Path, name: str, seed: int, shift_mm: float = 0.0) -> None:
    """A bright ball in noise, and its mask, moved by ``shift_mm`` along every axis."""
    rng = np.random.default_rng(seed)
    radius = rng.uniform(5, 8)
    index = np.indices((40, 40, 40)).reshape(3, -1)
    inside = {
        shift: (np.linalg.norm(index - 20 - shift, axis=0) <= radius).reshape(40, 40, 40).astype(np.uint8)
        for shift in (0.0, shift_mm)
    }
    geometry = Geometry((40, 40, 40), np.eye(4))
    image = (100 * inside[0.0] + rng.normal(0, 10, (40, 40, 40))).astype(np.int16)
    masks = studies / "labels" / "final"
    masks.mkdir(parents=True, exist_ok=True)
    write_volume(Volume(image, geometry), studies / f"{name}.nii.gz")
    write_volume(Volume(inside[shift_mm], geometry), masks / f"{name}.nii.gz")


def write_studies(studies: Path, count: int = 15) -> Path:
    """Labelled balls: of 15, 9 train, 3 validate and 3 test."""
    studies.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_ball(studies, f"ball{number:02d}", number)
    return studies


def write_task(folder: Path, text: str = TINY) -> Path:
    """A folder of the lab's own tasks, with ``tiny`` in it."""
    folder.mkdir(exist_ok=True)
    (folder / "tiny.yaml").write_text(text, encoding="utf-8")
    return folder
