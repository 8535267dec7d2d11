"""What an explanation of a ``detect`` task is asked with."""

from __future__ import annotations

from lesionlab.kinds.kind import Request

PointMm = tuple[float, float, float]


class DetectExplainRequest(Request):
    """Which candidate.

    Attributes:
        point_mm: where it lies, RAS mm; None means the surest of the image.
    """

    point_mm: PointMm | None = None
