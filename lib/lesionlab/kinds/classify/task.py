"""The settings of a ``classify`` task and what is asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lesionlab.kinds.classify.forms import Form, Positive, planar
from lesionlab.kinds.detect.task import IntensitySettings
from lesionlab.kinds.kind import Request
from lesionlab.networks.names import BodyName
from lesionlab.task import Frozen, Task

Share = Annotated[float, Field(ge=0, le=1)]
PointMm = tuple[float, float, float]


class HeadSettings(Frozen):
    """What follows the backbone's features: dropout and the class scores, with a dense layer before them when ``dense``."""

    dense: int | None = Field(default=None, ge=1)
    batch_norm: bool = False
    dropout: float = Field(default=0.2, ge=0, lt=1)


class NetworkSettings(Frozen):
    """The backbone and how it starts.

    Attributes:
        name: of the backbone.
        pretrained: start from ImageNet or from random weights.
        file: the usual public state dictionary of VGG-16 (``.safetensors`` or ``.pth``), which is not shipped.
        depth: stages of EfficientNet-Lite0 that are kept, from the input on; all when None. Where texture decides, five do, and
            their maps show better where: a cell is 16 samples wide, not 32.
        freeze: parts from the input on that stay as they are.
        head: the last layers.
    """

    name: BodyName = "efficientnet_lite0"
    pretrained: Literal["imagenet", "none"] = "imagenet"
    file: Path | None = None
    depth: int | None = Field(default=None, ge=2, le=7)
    freeze: int = Field(default=0, ge=0)
    head: HeadSettings = HeadSettings()

    @model_validator(mode="after")
    def _only_lite_is_cut(self) -> NetworkSettings:
        if self.depth is not None and self.name != "efficientnet_lite0":
            raise ValueError(f"depth is for efficientnet_lite0; leave it out for {self.name}")
        return self


class AugmentationSettings(Frozen):
    """By how much each sample is changed at most when it is drawn.

    Attributes:
        rotation_rad: turned by up to this angle.
        shift: moved by up to this share of the edge.
        scale: enlarged or shrunk by up to this share.
        size_error: the same for patches: how far the given size is off.
        click_error: patches only: how far the click is off, in lesion radii.
        flips: mirrored with a chance of one half each.
        brightness, contrast, gamma: values times, spread by, to the power of 1 +- this share.
        inversion: chance that black and white change places.
        noise, blur: standard deviation of added noise (of a range of 2), and of a Gaussian in samples.
        erase: chance that a rectangle of up to a quarter of the area is blanked.
        callipers: patches only: chance that diameters are measured in the picture, with crosses and dotted lines.
        mixup: parameter of the Beta distribution that mixes pairs of samples (Zhang et al. 2018); 0 mixes none.
    """

    rotation_rad: float = Field(default=0.1, ge=0, le=3.2)
    shift: float = Field(default=0.05, ge=0, le=0.5)
    scale: float = Field(default=0.1, ge=0, le=0.9)
    size_error: float = Field(default=0.25, ge=0, le=0.9)
    click_error: float = Field(default=0.3, ge=0, le=1)
    flips: tuple[Literal["horizontal", "vertical"], ...] = ("horizontal",)
    brightness: Share = 0.1
    contrast: Share = 0.1
    gamma: Share = 0.2
    inversion: Share = 0.0
    noise: float = Field(default=0.0, ge=0)
    blur: float = Field(default=0.0, ge=0)
    erase: Share = 0.0
    callipers: Share = 0.0
    mixup: float = Field(default=0.0, ge=0)


class TrainingSettings(Frozen):
    """How the task trains on a datastore.

    Attributes:
        steps: batches an epoch; None: as many as hold each case once.
        learning_rate: of the head.
        backbone_rate: of the backbone's last part, as a share of the head's.
        decay: of the rate from each part to the one before it, towards the input.
        optimiser, weight_decay, clip_norm: of the steps.
        schedule: warm-up and cosine, or a constant rate.
        folds: members of the ensemble, each trained without one part of the training patients.
        balance: classes weigh the same in the loss, are drawn equally often, are cut to the rarest, or stay as they are.
        smoothing: of the labels.
        outline: weight of drawing the lesion's outline besides, where masks are given (never shown to the network).
        pointing: weight of finding the evidence for a case's class where its lesion is, cell by cell, where masks are given.
        slices: of a volume in a batch (2.5D), drawn anew each time.
    """

    epochs: int = Field(default=20, ge=1)
    steps: int | None = Field(default=None, ge=1)
    batch: int = Field(default=16, ge=2)
    learning_rate: Positive = 1e-3
    backbone_rate: Share = 0.3
    decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    optimiser: Literal["adamw", "adam"] = "adamw"
    weight_decay: float = Field(default=1e-3, ge=0)
    clip_norm: Positive = 1.0
    schedule: Literal["cosine", "constant"] = "cosine"
    folds: int = Field(default=1, ge=1, le=10)
    balance: Literal["weights", "oversample", "downsample", "none"] = "weights"
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    outline: float = Field(default=0.0, ge=0)
    pointing: float = Field(default=0.0, ge=0)
    slices: int = Field(default=8, ge=1)
    augmentation: AugmentationSettings = AugmentationSettings()
    validation: float = Field(default=0.2, ge=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)

    @property
    def marked(self) -> bool:
        """Whether masks teach anything."""
        return self.outline > 0 or self.pointing > 0

    @model_validator(mode="after")
    def _check(self) -> TrainingSettings:
        if self.folds == 1 and self.validation == 0:
            raise ValueError("without validation patients there must be at least two folds")
        return self


class DecisionSettings(Frozen):
    """How scores become a diagnosis, on validation patients.

    Attributes:
        sensitivity: the operating point's, at least; None: where sensitivity + specificity is highest (Youden).
        abstain: share of validation cases nearest to the operating point that are left to the reader.
    """

    sensitivity: Annotated[float, Field(gt=0, le=1)] | None = None
    abstain: float = Field(default=0.1, ge=0, lt=1)


class ClassifyTask(Task):
    """Image -> class scores.

    Attributes:
        classes: names, as in ``cases.csv``.
        positive: the class that is looked for; None: the last of two classes; three or more have none unless it is named.
        phantom: the simulated cohort (``lesionlab.phantoms.cohorts``) that shows such cases.
    """

    kind: Literal["classify"]
    classes: tuple[str, ...] = Field(min_length=2)
    positive: str | None = None
    input: Form
    intensity: IntensitySettings
    normalise: Literal["image", "crop"] = "image"
    network: NetworkSettings = NetworkSettings()
    training: TrainingSettings = TrainingSettings()
    decision: DecisionSettings = DecisionSettings()
    phantom: str

    @model_validator(mode="after")
    def _check(self) -> ClassifyTask:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes must differ")
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(f"positive must be one of {', '.join(self.classes)}")
        if planar(self.input) == (self.network.name == "small3d"):
            raise ValueError("network.name: small3d sees volumes, the others see planes")
        return self

    @property
    def target(self) -> int | None:
        """The index of the positive class, if there is one."""
        if self.positive is not None:
            return self.classes.index(self.positive)
        return 1 if len(self.classes) == 2 else None


class ClassifyRequest(Request):
    """Where to look; for patch tasks.

    Attributes:
        point_mm: a point in what is to be classified, RAS mm.
        size_mm: its longest diameter, mm.
    """

    point_mm: PointMm | None = None
    size_mm: Positive | None = None
