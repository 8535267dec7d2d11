"""The settings of a ``detect`` task and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from lesionlab.kinds.kind import Request
from lesionlab.networks.names import HeatmapBody
from lesionlab.task import Frozen, Task

if TYPE_CHECKING:
    from lesionlab.image.geometry import Geometry

Positive = Annotated[float, Field(gt=0)]


class GridSettings(Frozen):
    """How the network sees an image: samples ``step_mm`` apart, or ``across`` samples along the longest side of an image
    whose scale is not known, in windows of ``training`` or ``inference`` samples an edge.

    Neighbouring windows overlap by twice the ``margin``; what is found in a margin is left to the neighbour. A window is also
    seen mirrored along each of the first ``mirrored`` axes, and what was seen averaged.
    """

    step_mm: Positive | None = None
    across: int | None = Field(default=None, ge=16)
    training: int = Field(multiple_of=16, ge=16)
    inference: int = Field(multiple_of=16, ge=16)
    margin: int = Field(default=8, ge=0)
    mirrored: int = Field(default=0, ge=0, le=3)

    @model_validator(mode="after")
    def _check(self) -> GridSettings:
        if (self.step_mm is None) == (self.across is None):
            raise ValueError("give either step_mm or across")
        return self

    def step_of(self, geometry: Geometry) -> float:
        """The distance between samples on an image, mm."""
        return self.step_mm or max(geometry.extent_mm) / (self.across or 1)


class IntensitySettings(Frozen):
    """What becomes -1 and 1: fixed values (HU), or shares of the image's own values (percentiles of what is above its lowest)."""

    unit: Literal["value", "percentile"]
    low: float
    high: float

    @model_validator(mode="after")
    def _check(self) -> IntensitySettings:
        if self.low >= self.high:
            raise ValueError("low must lie below high")
        return self


class TrainingSettings(Frozen):
    """How the task trains on a datastore.

    Attributes:
        epochs, steps, batch: epochs, batches an epoch, windows a batch.
        learning_rate: at its highest.
        validation, test: shares of the patients.
        hard: of the windows that are not put around a lesion, the share put around the network's own mistakes.
        looked_through: images that are searched for mistakes before each epoch.
        thickest_mm: of volumes, slices up to so thick are simulated; None means none.
        rotation_rad: windows are turned by up to this angle in each plane.
        scale: and seen larger or smaller by up to the factor ``exp(scale)``.
        gamma: their grey levels are bent by a gamma curve with an exponent of up to ``exp(gamma)``, or one over it.
        shading: and brightened or darkened by up to the factor ``exp(shading)``, not everywhere the same, as by a coil.
        detail: of what is finer than some samples, a share of up to this is added or taken away, as units process their images.
        blur, noise: standard deviations, at most, of a Gaussian in samples, and of added noise (of a range of 2).
    """

    epochs: int = Field(default=10, ge=1)
    steps: int = Field(default=60, ge=1)
    batch: int = Field(default=6, ge=1)
    learning_rate: Positive = 1e-3
    validation: float = Field(default=0.2, ge=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)
    hard: float = Field(default=0.5, ge=0, le=1)
    looked_through: int = Field(default=16, ge=0)
    thickest_mm: Positive | None = None
    rotation_rad: float = Field(default=0.2, ge=0, le=3.2)
    scale: float = Field(default=0.15, ge=0, le=1)
    gamma: float = Field(default=0.3, ge=0, le=2)
    shading: float = Field(default=0, ge=0, le=2)
    detail: float = Field(default=0, ge=0, le=1)
    blur: float = Field(default=1.0, ge=0, le=8)
    noise: float = Field(default=0.2, ge=0, le=2)


class DetectTask(Task):
    """Image -> candidates: point, size, confidence, best first.

    Attributes:
        dimension: 3 for volumes, 2 for planes.
        false_positives: an image, at the operating point that is chosen on the validation patients.
        body: ``residual``: a U-Net that learns from nothing, with ``channels`` at its levels; ``efficientnet_lite0``
            (planes only): a feature pyramid over EfficientNet-Lite0, which starts from ImageNet.
        classes: what is told apart: the name of each class, and the labels (of ``cases.csv``) that belong to it; a class without
            labels takes all that belong to no other. Empty: there is one class.
        ignored: labels of marks that are no lesions of this task.
        phantom: the simulated cohort (``lesionlab.phantoms.cohorts``) that shows such lesions.
    """

    kind: Literal["detect"]
    dimension: Literal[2, 3]
    grid: GridSettings
    intensity: IntensitySettings
    channels: tuple[Annotated[int, Field(multiple_of=8)], ...] = (24, 48, 96)
    body: HeatmapBody = "residual"
    classes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    false_positives: Positive = 1.0
    phantom: str
    training: TrainingSettings = TrainingSettings()

    @model_validator(mode="after")
    def _check(self) -> DetectTask:
        if self.body != "residual" and self.dimension != 2:
            raise ValueError(f"body {self.body} sees planes only: dimension must be 2")
        for name in ("training", "inference"):
            if getattr(self.grid, name) % self.multiple:
                raise ValueError(f"grid.{name} must be a multiple of {self.multiple} for this network")
        if self.grid.mirrored > self.dimension:
            raise ValueError(f"grid.mirrored must be {self.dimension} or less: windows have no more axes")
        if 2 * self.grid.margin >= self.grid.inference:
            raise ValueError("grid.margin must be less than half of grid.inference")
        return self

    @property
    def multiple(self) -> int:
        """What the samples along each edge of a window must be a multiple of."""
        return 1 << len(self.channels) if self.body == "residual" else 32

    @property
    def class_count(self) -> int:
        """How many classes are told apart, at least one."""
        return max(len(self.classes), 1)

    def class_of(self, label: str) -> int | None:
        """The class of a mark; None for one that is no lesion of this task."""
        if label in self.ignored:
            return None
        if not self.classes:
            return 0
        listed = (n for n, (name, labels) in enumerate(self.classes.items()) if label == name or label in labels)
        rest = (n for n, labels in enumerate(self.classes.values()) if not labels)
        return next(listed, next(rest, None))


class DetectRequest(Request):
    """What to show.

    Attributes:
        maximum: at most so many candidates, the best ones.
        confidence: candidates below are left out; None means the model's operating point.
        shape: whether the candidates' masks are wanted too.
    """

    maximum: int = Field(default=20, ge=1, le=200)
    confidence: float | None = Field(default=None, ge=0, le=1)
    shape: bool = False
