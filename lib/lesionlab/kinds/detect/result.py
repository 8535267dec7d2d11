"""What a ``detect`` task answers."""

from __future__ import annotations

from dataclasses import dataclass

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Json, Result


@dataclass(frozen=True)
class Candidate:
    """Where a lesion may be: RAS mm, its longest diameter in mm, the chance that there is one (calibrated), and its class."""

    point_mm: Point
    size_mm: float
    confidence: float
    lesion_class: int = 0


@dataclass(frozen=True, eq=False)
class DetectResult(Result):
    """Candidates, best first.

    Attributes:
        operating_points: of each class, the confidence from which on candidates are shown unless asked otherwise.
        class_names: empty for a task that tells no classes apart.
    """

    candidates: tuple[Candidate, ...]
    operating_points: tuple[float, ...]
    model_version: str
    class_names: tuple[str, ...] = ()

    @property
    def operating_point(self) -> float:
        """Of the first class."""
        return self.operating_points[0]

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
        found: Json = {
            "candidates": [self._candidate(candidate) for candidate in self.candidates],
            "operating_point": round(self.operating_point, 4),
            "model_version": self.model_version,
        }
        if self.class_names:
            points = zip(self.class_names, self.operating_points, strict=True)
            found["operating_points"] = {name: round(point, 4) for name, point in points}
        return found

    def _candidate(self, candidate: Candidate) -> Json:
        found: Json = {
            "point_mm": [round(x, 2) for x in candidate.point_mm],
            "size_mm": round(candidate.size_mm, 2),
            "confidence": round(candidate.confidence, 4),
        }
        if self.class_names:
            found["class"] = self.class_names[candidate.lesion_class]
        return found
