"""What a ``shape`` task answers."""

from __future__ import annotations

from dataclasses import dataclass

from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Json, Result


@dataclass(frozen=True, eq=False)
class ShapeResult(Result):
    """A lesion's mask and measurements.

    Attributes:
        mask: uint8 0/1, the tight crop of the lattice around the lesion, one voxel of margin where there is room.
        probability_map: float32 in [0, 1] on the lattice of ``mask``, when asked for.
        diameter_mm: longest in-plane (axial) diameter of the mask, from outer corner to outer corner of its voxels.
        volume_mm3: voxels times voxel volume.
        size_mm: the size that was used: the given one, or the one that the model settled on.
        size_given: whether the size was given.
        certainty: the overlap (Dice) to expect between this mask and a careful reader's, calibrated, in [0, 1].
    """

    mask: Volume
    probability_map: Volume | None
    diameter_mm: float
    volume_mm3: float
    size_mm: float
    size_given: bool
    certainty: float
    model_version: str

    @property
    def label(self) -> Volume:
        """The mask."""
        return self.mask

    @property
    def probability(self) -> Volume | None:
        """The probability map, when asked for."""
        return self.probability_map

    def summary(self) -> Json:
        """Measurements for people and programs."""
        return {
            "diameter_mm": round(self.diameter_mm, 2),
            "volume_mm3": round(self.volume_mm3, 2),
            "size_mm": round(self.size_mm, 2),
            "size_given": self.size_given,
            "certainty": round(self.certainty, 4),
            "model_version": self.model_version,
        }
