"""Strategies that look at the images before they choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from monailabel.interfaces.tasks.strategy import Strategy
from numpy.typing import NDArray

from lesionlab.learning.active import (
    Candidate,
    by_disagreement,
    by_diversity,
    by_surprise,
    by_uncertainty,
    weak_first,
)
from lesionlab.server.looks import Looks
from lesionlab.store.dispute import Disputes

Order = Callable[[Sequence[Candidate], Sequence[NDArray[np.float32]]], Sequence[str]]


class Learned(Strategy):  # type: ignore[misc]
    """Offers the first image of an order.

    Args:
        description: for people.
        order: from candidates, and features of labelled images, to names, best first.
        looks: what the models saw.
        compares: whether the order needs the features of labelled images.
    """

    def __init__(self, description: str, order: Order, looks: Looks, compares: bool = False) -> None:
        super().__init__(description)
        self._order, self._looks, self._compares = order, looks, compares

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, Any] | None:
        """The image's id, or None when all are labelled."""
        images = sorted(datastore.get_unlabeled_images())
        if not images:
            return None
        task = self._looks.task(request.get("task"))
        candidates = self._looks.candidates(images, datastore, task)
        known = self._looks.labelled(datastore.all_unlabeled(), datastore, task) if self._compares else []
        return {"id": self._order(candidates, known)[0]}


class Disagreement(Strategy):  # type: ignore[misc]
    """Offers the image about which versions of the model, or annotators, differ most.

    Args:
        looks: what the models saw.
        disputes: between annotators; such an image is offered although it has a label, since a person must decide.
    """

    def __init__(self, looks: Looks, disputes: Disputes) -> None:
        super().__init__("The image about which versions of the model, or annotators, differ most")
        self._looks, self._disputes = looks, disputes

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, Any] | None:
        """The image's id, or None when all are labelled and nobody differs."""
        disputed = self._disputes.images()
        free = datastore.free(sorted(set(disputed) & set(datastore.list_images())))
        images = sorted(datastore.get_unlabeled_images())
        seen = self._looks.candidates(images, datastore, self._looks.task(request.get("task")), versions=True)
        candidates = {one.image: one for one in seen}
        for image in free:
            before = candidates.get(image, Candidate(image))
            apart = max(disputed[image], before.disagreement or 0.0)
            candidates[image] = Candidate(image, before.weak, before.uncertainty, before.features, apart)
        return {"id": by_disagreement(list(candidates.values()))[0]} if candidates else None


def learned_strategies(looks: Looks, disputes: Disputes) -> dict[str, Strategy]:
    """The strategies that look at the images."""
    return {
        "uncertainty": Learned(
            "The image about whose lesion the model is least sure", lambda some, _: by_uncertainty(some), looks
        ),
        "disagreement": Disagreement(looks, disputes),
        "diversity": Learned("The image that is least like those with labels", by_diversity, looks, compares=True),
        "weak_first": Learned(
            "Images with a mark but no mask, the least sure first", lambda some, _: weak_first(some), looks
        ),
        "surprise": Learned(
            "The image that is least to be expected from those with labels", by_surprise, looks, compares=True
        ),
    }
