"""What a network takes for lesions in its own training images (hard negatives: Shrivastava et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lesionlab.kinds.detect.finding import boxes, peaks
from lesionlab.kinds.detect.images import StoredImage
from lesionlab.kinds.detect.intensities import decoded
from lesionlab.kinds.detect.task import DetectTask

#: A mistake is at least so certain; an image gives at most so many.
_CERTAIN, _MOST = 0.1, 12
#: A peak within so many samples of a centre, or within the lesion's radius, is no mistake but a lesion found.
_NEAR = 3.0


@dataclass(frozen=True, eq=False)
class Mistakes:
    """The false peaks of one image.

    Attributes:
        image: where they are.
        places: (n, axes), the index of each along each axis.
    """

    image: StoredImage
    places: NDArray[np.float32]


@torch.inference_mode()
def mistakes(task: DetectTask, network: nn.Module, image: StoredImage) -> Mistakes:
    """The surest peaks of an image that lie on no lesion."""
    found: list[tuple[float, tuple[float, ...]]] = []
    for box in boxes(task, image.values.shape):
        patch = decoded(cut(image.values, np.asarray(box.start), box.shape))
        for peak in peaks(network, patch, box.core):
            place = tuple(start + x for start, x in zip(box.start, peak.place, strict=True))
            if peak.certainty >= _CERTAIN and not _on_lesion(place, peak.lesion_class, image.lesions):
                found.append((peak.certainty, place))
    found.sort(reverse=True)
    places = np.array([place for _, place in found[:_MOST]], dtype=np.float32)
    return Mistakes(image, places.reshape(-1, image.values.ndim))


def cut(values: NDArray[np.generic], start: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A box of samples; beyond the image its edge goes on."""
    index = [np.clip(np.arange(s, s + n), 0, count - 1) for s, n, count in zip(start, shape, values.shape, strict=True)]
    return np.asarray(values[np.ix_(*index)], dtype=np.float32)


def _on_lesion(place: tuple[float, ...], lesion_class: int, lesions: NDArray[np.float32]) -> bool:
    away = np.linalg.norm(lesions[:, :-2] - np.asarray(place), axis=1)
    return bool(((away <= np.maximum(lesions[:, -2] / 2, _NEAR)) & (lesions[:, -1] == lesion_class)).any())
