"""What a ``classify`` task answers."""

from __future__ import annotations

from dataclasses import dataclass

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Json, Result


@dataclass(frozen=True)
class DecidingSlice:
    """A slice that decided: its middle in RAS mm, its index along the image's own slice axis, and its share of the answer."""

    point_mm: Point
    index: int
    share: float


@dataclass(frozen=True, eq=False)
class ClassifyResult(Result):
    """Calibrated class scores, what they mean, and whether it is too close to call.

    Attributes:
        scores: class -> probability; they sum to 1.
        chosen: the class, given even when ``abstained``.
        abstained: whether the case lies in the band that is left to the reader.
        operating_point: the probability of the positive class from which on it is chosen; None: the likeliest class is.
        slices: those that decided, first the most important one; empty but for 2.5D tasks.
    """

    scores: dict[str, float]
    chosen: str
    abstained: bool
    operating_point: float | None
    model_version: str
    slices: tuple[DecidingSlice, ...] = ()

    @property
    def label(self) -> Volume | None:
        """None: a classifier does not paint."""
        return None

    @property
    def probability(self) -> Volume | None:
        """None."""
        return None

    def summary(self) -> Json:
        """Scores for people and programs."""
        summary: Json = {
            "scores": {name: round(score, 4) for name, score in self.scores.items()},
            "label": self.chosen,
            "abstained": self.abstained,
            "operating_point": None if self.operating_point is None else round(self.operating_point, 4),
            "model_version": self.model_version,
        }
        if self.slices:
            summary["slices"] = [
                {
                    "index": one.index,
                    "point_mm": [round(x, 2) for x in one.point_mm],
                    "share": round(one.share, 4),
                }
                for one in self.slices
            ]
        return summary
