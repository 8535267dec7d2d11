"""What a reader's actions are done to."""

from __future__ import annotations

from typing import Any

import numpy as np

from LesionLabLib.scene import VolumeRef


class Drawn:
    """A point, a size, a lesion: any that would do.

    Args:
        workflow: of the extension.
        scene: its `CaseScene`.
        rng: of all draws.
    """

    def __init__(self, workflow: Any, scene: Any, rng: np.random.Generator) -> None:
        self._workflow, self._scene = workflow, scene
        self._rng = rng

    def point(self) -> tuple[float, float, float]:
        """Anywhere in the open image, RAS mm."""
        case = self._workflow.state.case
        if case is None:
            return (0.0, 0.0, 0.0)
        shape, affine = self._scene.volume_geometry(VolumeRef(case.volume_id, case.name))
        index = self._rng.uniform(0, np.asarray(shape) - 1)
        point = affine @ [*index, 1.0]
        return float(point[0]), float(point[1]), float(point[2])

    def size(self) -> float:
        """Of a lesion, mm."""
        return float(self._rng.uniform(4, 20))

    def lesion_id(self) -> str:
        """Of any lesion; empty when there is none."""
        lesions = self._workflow.state.lesions
        return lesions[self._rng.integers(len(lesions))].id if lesions else ""
