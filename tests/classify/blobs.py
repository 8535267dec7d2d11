"""Small images whose class can be seen: a smooth bright disc, or one with stripes, on noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.store.cases import Case, write_cases

PLANE = Geometry((72, 64, 1), np.diag([-1.0, -1.0, 1.0, 1.0]))
SIZE_MM = 20.0


def classify_task(**changes: Any) -> ClassifyTask:
    """Stripes or none, around a click; ``changes`` replace settings."""
    content: dict[str, Any] = {
        "name": "striped_discs",
        "kind": "classify",
        "title": "Striped discs",
        "description": "For tests.",
        "classes": ["plain", "striped"],
        "input": {"form": "patch", "voxels": 32, "side": 1.6, "default_mm": 32},
        "intensity": {"unit": "value", "low": 0, "high": 100},
        "network": {"name": "efficientnet_lite0", "pretrained": "none"},
        "training": {
            "epochs": 3,
            "steps": 12,
            "batch": 8,
            "learning_rate": 2e-3,
            "backbone_rate": 1.0,
            "validation": 0.3,
        },
        "phantom": "chest",
    }
    return ClassifyTask.model_validate({**content, **changes})


def disc(striped: bool, point_mm: Point, rng: np.random.Generator, geometry: Geometry = PLANE) -> Volume:
    """A disc of 20 mm on noise around 30; stripes run down, 5 mm apart."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    places = index @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    inside = np.linalg.norm((places - np.asarray(point_mm))[..., :2], axis=-1) < SIZE_MM / 2
    values = 30 + 6 * rng.standard_normal(geometry.shape)
    stripes = 25 * np.sign(np.sin(places[..., 0] * 2 * np.pi / 5)) if striped else 0.0
    return Volume(np.where(inside, 60 + stripes + values - 30, values).astype(np.float32), geometry)


def write_discs(folder: Path, count: int, seed: int = 5) -> None:
    """A datastore: half of the discs are striped; two images of each patient."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for number in range(count):
        point = PLANE.index_to_ras((float(rng.uniform(24, 48)), float(rng.uniform(24, 40)), 0.0))
        striped = number // 2 % 2 == 1
        path = folder / f"case-{number:02d}.nii.gz"
        write_volume(disc(striped, point, rng), path)
        cases.append(Case(path, None, f"p{number // 2}", "striped" if striped else "plain", point, SIZE_MM))
    write_cases(folder, cases)
