"""A task of each form, and an image that fits it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.model import ClassifyModel
from lesionlab.kinds.classify.network import build_ensemble
from lesionlab.kinds.classify.reading import Reading
from lesionlab.kinds.classify.task import ClassifyRequest, ClassifyTask
from lesionlab.kinds.classify.weights import ClassifyWeights
from tests.classify.blobs import classify_task

C, S = np.cos(0.2), np.sin(0.2)
OBLIQUE = np.array([[0.9 * C, -0.9 * S, 0, -30], [0.9 * S, 0.9 * C, 0, 12], [0, 0, 3.0, 90], [0, 0, 0, 1.0]])
PLANE = Geometry((70, 50, 1), np.diag([-1.0, -1.0, 1.0, 1.0]))
SAGITTAL = Geometry((1, 60, 44), np.diag([1.0, 1.0, 1.5, 1.0]))
SCAN = Geometry((40, 44, 12), OBLIQUE)
EXAMINATION = Geometry((40, 60, 4), np.diag([-1.0, -1.0, 1.0, 1.0]))

FORMS: dict[str, tuple[dict[str, Any], Geometry]] = {
    "patch of a plane": ({"form": "patch", "voxels": 32, "side": 2, "default_mm": 30}, PLANE),
    "patch at three magnifications": (
        {"form": "patch", "voxels": 32, "side": 2, "default_mm": 20, "magnifications": [0.7, 1, 1.6]},
        PLANE,
    ),
    "patch of a sagittal plane": ({"form": "patch", "voxels": 32, "default_share": 0.5}, SAGITTAL),
    "patch of a volume": ({"form": "patch", "dimension": 3, "voxels": 16, "default_mm": 24}, SCAN),
    "image": ({"form": "image", "voxels": (48, 40)}, PLANE),
    "slices": ({"form": "slices", "voxels": 32, "channels": 3, "shown": 2}, SCAN),
    "best slices": ({"form": "slices", "voxels": 32, "channels": 1, "pool": "top", "top": 2, "step_mm": 6}, SCAN),
    "volume": ({"form": "volume", "voxels": 32}, SCAN),
    "views": ({"form": "views", "voxels": (64, 32)}, EXAMINATION),
}


def task_of(name: str, **changes: Any) -> ClassifyTask:
    """A small task of that form."""
    form = FORMS[name][0]
    volumes = form["form"] == "volume" or form.get("dimension") == 3
    network = {"name": "small3d" if volumes else "efficientnet_lite0", "pretrained": "none"}
    return classify_task(**{"input": form, "network": network, **changes})


def model_of(task: ClassifyTask, members: int = 1) -> ClassifyModel:
    """Random weights."""
    networks = tuple(build_ensemble(task, members).members)
    return ClassifyModel(task, ClassifyWeights(networks, Reading(operating_point=0.5), "random"))  # type: ignore[arg-type]


def image_of(name: str, seed: int = 0) -> Volume:
    """Noise."""
    geometry = FORMS[name][1]
    values = np.random.default_rng(seed).uniform(0, 100, geometry.shape)
    return Volume(values.astype(np.float32), geometry)


def request_for(name: str) -> ClassifyRequest:
    """The middle, for patches."""
    form, geometry = FORMS[name]
    if form["form"] != "patch":
        return ClassifyRequest()
    i, j, k = ((n - 1) / 2 for n in geometry.shape)
    return ClassifyRequest(point_mm=geometry.index_to_ras((i, j, k)))
