"""Candidates against the lesions of an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lesionlab.kinds.detect.images import Found
from lesionlab.kinds.detect.result import Candidate
from lesionlab.metrics.froc import ImageMarks, Mark, Target, compare

#: A candidate hits within the lesion's radius, but never needs to be nearer than this.
LEAST_REACH_MM = 4.0


def image_marks(candidates: Sequence[Candidate], lesions: Sequence[Found], only: int | None = None) -> ImageMarks:
    """Which candidates hit which lesion of their class, as LUNA16 counts: within the lesion's radius of its centre.

    Args:
        candidates: of any class.
        lesions: of any class; ``found`` of the answer is in their order.
        only: leave out all others than this class.
    """
    classes = [lesion.lesion_class for lesion in lesions]
    found, false = np.full(len(lesions), -np.inf), [np.empty(0)]
    for each in {*classes, *(c.lesion_class for c in candidates)}:
        own = [n for n, lesion_class in enumerate(classes) if lesion_class == each]
        targets = [Target(lesions[n].point_mm, max(lesions[n].size_mm / 2, LEAST_REACH_MM)) for n in own]
        marks = compare([Mark(c.point_mm, c.confidence) for c in candidates if c.lesion_class == each], targets)
        if only in (None, each):
            found[own] = marks.found
            false.append(marks.false)
    kept = [n for n, lesion_class in enumerate(classes) if only in (None, lesion_class)]
    return ImageMarks(found[kept], np.concatenate(false))
