"""Candidates against the lesions of an image."""

from __future__ import annotations

from collections.abc import Sequence

from lesionlab.kinds.detect.images import Found
from lesionlab.kinds.detect.result import Candidate
from lesionlab.metrics.froc import ImageMarks, Mark, Target, compare

#: A candidate hits within the lesion's radius, but never needs to be nearer than this.
LEAST_REACH_MM = 4.0


def image_marks(candidates: Sequence[Candidate], lesions: Sequence[Found]) -> ImageMarks:
    """Which candidates hit which lesion, as LUNA16 counts: within the lesion's radius of its centre."""
    targets = [Target(lesion.point_mm, max(lesion.size_mm / 2, LEAST_REACH_MM)) for lesion in lesions]
    return compare([Mark(c.point_mm, c.confidence) for c in candidates], targets)
