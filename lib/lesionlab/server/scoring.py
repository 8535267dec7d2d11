"""How well the labels of one tag agree with those of another."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from monailabel.interfaces.tasks.scoring import ScoringMethod

from lesionlab.checked import checked
from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.server.jobs import ScoringParams

logger = logging.getLogger(__name__)


class Dice(ScoringMethod):  # type: ignore[misc]
    """Dice of each label value, and their mean."""

    def __init__(self) -> None:
        super().__init__("Dice of original against final labels, the mean over the label values that occur in either")

    def __call__(self, request: dict[str, Any], datastore: Any) -> dict[str, float]:
        """Score every image that has both labels, note the score in the datastore, return the scores by image."""
        params = checked(ScoringParams, {k: v for k, v in request.items() if k in ScoringParams.model_fields}, "params")
        scores: dict[str, float] = {}
        for image in datastore.list_images():
            tags = datastore.get_labels_by_image_id(image)
            if params.y in tags and params.y_pred in tags:
                try:
                    truth, guess = (_read(datastore, image, tag) for tag in (params.y, params.y_pred))
                    scores[image] = multi_label_dice(truth, guess)
                except InputError as error:
                    logger.warning("%s is not scored: %s", image, error.message)
                    continue
                datastore.update_image_info(image, {"dice": scores[image]})
        return scores


def multi_label_dice(truth: Volume, guess: Volume) -> float:
    """The mean, over the label values > 0 that occur in either, of 2 |A and B| / (|A| + |B|); 1 when none occurs.

    Raises:
        InputError: when the two do not lie on one lattice.
    """
    if not truth.geometry.same_as(guess.geometry, tolerance_mm=0.1):
        raise InputError(
            "the two labels lie on different lattices", got=guess.array.shape, expected=str(truth.array.shape)
        )
    values = np.union1d(np.unique(truth.array), np.unique(guess.array))
    values = values[values > 0]
    if not len(values):
        return 1.0
    scores = []
    for value in values:
        a, b = truth.array == value, guess.array == value
        scores.append(2.0 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))
    return float(np.mean(scores))


def _read(datastore: Any, image: str, tag: str) -> Volume:
    from lesionlab.image.files import read_volume

    return read_volume(Path(datastore.get_label_uri(image, tag)))
