"""The settings of a ``shape`` task and what is asked of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lesionlab.kinds.kind import Request
from lesionlab.task import Frozen, Task

PointMm = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]


class PatchSettings(Frozen):
    """The cube that the network sees: ``side`` times the size, resampled to ``voxels``^3."""

    side: Positive = 2.5
    voxels: int = Field(default=32, multiple_of=8, ge=16)


class NetworkSettings(Frozen):
    """The residual U-Net: channels of its three levels and residual blocks at each."""

    channels: tuple[int, int, int] = (32, 64, 160)
    blocks: int = Field(default=1, ge=1)


class SizeSettings(Frozen):
    """Sizes in mm: what is accepted at least, tried when none is given, and taken for clients that can give none."""

    minimum: Positive = 1.0
    tried: tuple[Positive, ...] = (6.0, 10.0, 16.0, 26.0, 42.0, 68.0, 110.0)
    default: Positive = 20.0


class TrainingSettings(Frozen):
    """How the task trains on a datastore: by default about five minutes of two cores.

    ``phantoms`` is the share of samples that are simulated. Of the others at most the share ``weak`` comes from lesions that have a
    weak label and no mask, all of them where there is no mask at all; 0 leaves weak labels out.
    """

    epochs: int = Field(default=12, ge=1)
    steps: int = Field(default=40, ge=1)
    batch: int = Field(default=8, ge=1)
    learning_rate: Positive = 5e-4
    phantoms: float = Field(default=0.3, ge=0, le=1)
    weak: float = Field(default=0.3, ge=0, lt=1)
    validation: float = Field(default=0.2, ge=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)


class ShapeTask(Task):
    """Volume + point + size -> mask, diameter, volume, certainty."""

    kind: Literal["shape"]
    patch: PatchSettings = PatchSettings()
    network: NetworkSettings = NetworkSettings()
    size_mm: SizeSettings = SizeSettings()
    training: TrainingSettings = TrainingSettings()


class ShapeRequest(Request):
    """One click.

    Attributes:
        point_mm: a point in the lesion, RAS mm.
        size_mm: the lesion's longest diameter as the reader saw it, mm; None lets the model find it.
        exclude_mm: points that do not belong to the lesion, RAS mm.
        probability: whether the probability map is wanted too.
    """

    point_mm: PointMm
    size_mm: Positive | None = None
    exclude_mm: tuple[PointMm, ...] = Field(default=(), max_length=64)
    probability: bool = False
