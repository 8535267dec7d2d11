"""Which image to label next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from monailabel.interfaces.tasks.strategy import Strategy

from lesionlab.errors import NotFoundError
from lesionlab.store.leases import Leases


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


class Free:
    """A datastore whose images that others work on are hidden from strategies, ours and MONAI Label's alike."""

    def __init__(self, datastore: Any, taken: frozenset[str]) -> None:
        self._datastore = datastore
        self._taken = taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._datastore, name)

    def get_unlabeled_images(self, *args: Any, **kwargs: Any) -> list[str]:
        """The images without a final label that nobody else works on."""
        return self.free(self._datastore.get_unlabeled_images(*args, **kwargs))

    def all_unlabeled(self) -> list[str]:
        """The images without a final label, also those that others work on."""
        return list(self._datastore.get_unlabeled_images())

    def free(self, images: Sequence[str]) -> list[str]:
        """Those of the images that nobody else works on."""
        return [image for image in images if image not in self._taken]


def leased_sample(
    leases: Leases, datastore: Any, strategies: Mapping[str, Any], request: dict[str, Any]
) -> dict[str, Any]:
    """Choose the next image to label and lease it to the client that asks, if it has a name; {} when none is free.

    A client works on one case: what it had before is given back.

    Raises:
        NotFoundError: there is no such strategy.
    """
    name, holder = request.get("strategy") or "random", request.get("client_id")
    strategy = strategies.get(name)
    if strategy is None:
        raise NotFoundError("there is no such strategy", got=name, expected=f"one of {', '.join(sorted(strategies))}")
    taken = frozenset(image for image, lease in leases.running().items() if lease.holder != holder)
    while True:
        found = strategy(request, Free(datastore, taken))
        if not found or not found.get("id"):
            return {}
        image = found["id"]
        if holder is None or leases.take(image, holder, only=True) is not None:
            return {**found, "path": datastore.get_image_uri(image)}
        taken |= {image}  # somebody was faster
