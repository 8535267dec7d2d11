"""What a ``detect`` task answers."""

from __future__ import annotations

from dataclasses import dataclass

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Json, Result


@dataclass(frozen=True)
class Candidate:
    """Where a lesion may be: RAS mm, its longest diameter in mm, and the chance that there is one (calibrated)."""

    point_mm: Point
    size_mm: float
    confidence: float


@dataclass(frozen=True, eq=False)
class DetectResult(Result):
    """Candidates, best first, and the confidence from which on they are shown unless asked otherwise."""

    candidates: tuple[Candidate, ...]
    operating_point: float
    model_version: str

    @property
    def label(self) -> Volume | None:
        """None: a detector points, it does not paint."""
        return None

    @property
    def probability(self) -> Volume | None:
        """None."""
        return None

    def summary(self) -> Json:
        """Candidates for people and programs."""
        return {
            "candidates": [
                {
                    "point_mm": [round(x, 2) for x in candidate.point_mm],
                    "size_mm": round(candidate.size_mm, 2),
                    "confidence": round(candidate.confidence, 4),
                }
                for candidate in self.candidates
            ],
            "operating_point": round(self.operating_point, 4),
            "model_version": self.model_version,
        }
