"""Which image to label next."""

from __future__ import annotations

from typing import Any

import numpy as np
from monailabel.interfaces.tasks.strategy import Strategy


class First(Strategy):  # type: ignore[misc]
    """The first image without a final label, by name."""

    def __init__(self) -> None:
        super().__init__("The first image without a final label, by name")

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, Any] | None:
        """The image's id, or None when all are labelled."""
        images = sorted(datastore.get_unlabeled_images())
        return {"id": images[0]} if images else None


class Random(Strategy):  # type: ignore[misc]
    """Any image without a final label."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__("A random image without a final label")
        self._rng = rng

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, Any] | None:
        """The image's id, or None when all are labelled."""
        images = sorted(datastore.get_unlabeled_images())
        return {"id": str(self._rng.choice(images))} if images else None
