"""What the server says, as frozen values. Points and lengths are RAS millimetres, arrays (i, j, k)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Union

import numpy as np

Point = tuple[float, float, float]
#: What JSON can hold.
Json = Union[None, bool, int, float, str, Sequence["Json"], Mapping[str, "Json"]]
#: A value of JSON that nobody can change: its lists are tuples, its objects tuples of (name, value).
Fixed = Union[None, bool, int, float, str, "tuple[Fixed, ...]"]


@dataclass(frozen=True)
class RequestField:
    """One field of what a task may be asked."""

    name: str
    type: str
    """number, integer, boolean, string, point ([r, a, s]), points (list of those), or what the schema says otherwise."""
    required: bool = False
    default: Fixed = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Fixed, ...] = ()
    """The only values that are taken; empty when any are."""
    description: str = ""
    nullable: bool = False
    """Whether null is taken too: the server then decides."""
    minimum_allowed: bool = True
    """Whether `minimum` itself is taken."""
    maximum_allowed: bool = True
    """Whether `maximum` itself is taken."""


@dataclass(frozen=True)
class TaskInfo:
    """One task of the server, with all that a panel needs to draw it."""

    name: str
    title: str
    kind: str
    """shape, segment, detect, classify, video or anomaly; a newer server may know others."""
    description: str = ""
    modalities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    dimension: int = 3
    version: str = ""
    """The current version of its model; empty when the server does not say."""
    fields: tuple[RequestField, ...] = ()
    explanations: tuple[str, ...] = ()
    """The ways in which it can explain an answer; empty when it cannot."""
    explain_fields: tuple[RequestField, ...] = ()
    """What an explanation may be asked with."""

    def field(self, name: str) -> RequestField | None:
        """The request field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True)
class ServerInfo:
    """The server behind an address."""

    url: str
    version: str
    api: int
    tasks: tuple[TaskInfo, ...] = ()
    strategies: tuple[str, ...] = ()
    """How it can choose the next case."""
    trainable: tuple[str, ...] = ()
    """Names of the tasks that it can train."""


@dataclass(frozen=True)
class Lease:
    """Who works on a case."""

    holder: str
    until: str
    """ISO 8601."""


@dataclass(frozen=True)
class Case:
    """One image of the server's studies."""

    image: str
    """Its name."""
    labels: tuple[str, ...] = ()
    """Tags under which it has a label."""
    marks: bool = False
    """Whether weak labels are stored with it."""
    revision: str | None = None
    """The label revision that stands under the tag ``final``."""
    lease: Lease | None = None
    presence: tuple[tuple[str, bool], ...] = ()
    """What readers said of the whole case: (label, present)."""


@dataclass(frozen=True, eq=False)
class Crop:
    """A box of an image's lattice."""

    origin_index: tuple[int, int, int]
    """Index, in the image, of the first voxel."""
    affine: np.ndarray
    """4x4, index in the crop to RAS mm."""
    voxels: np.ndarray
    """(i, j, k), read-only when it comes from the server."""


@dataclass(frozen=True)
class Candidate:
    """A finding of a detector."""

    point_mm: Point
    size_mm: float | None
    confidence: float


@dataclass(frozen=True)
class ClassScore:
    """The probability of one class."""

    name: str
    probability: float


@dataclass(frozen=True)
class Anomaly:
    """How far an image is from normal ones."""

    score: float
    percentile: float | None
    """Per cent of normal images with a lower score."""


@dataclass(frozen=True)
class TrackBox:
    """A lesion in one frame of a cine."""

    frame: int
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels."""
    confidence: float


@dataclass(frozen=True)
class Source:
    """What image a task is asked about: a case of the studies, or a session."""

    case: str = ""
    session: str = ""


@dataclass(frozen=True)
class Answer:
    """What a task found; a kind fills its own fields."""

    kind: str
    mask: Crop | None = None
    probability: Crop | None = None
    heat: Crop | None = None
    diameter_mm: float | None = None
    volume_mm3: float | None = None
    size_mm: float | None = None
    size_given: bool | None = None
    certainty: float | None = None
    model_version: str = ""
    label_names: tuple[tuple[str, int], ...] = ()
    """What the values of the mask mean: (name, value)."""
    measurements: tuple[tuple[str, float], ...] = ()
    """Further numbers: (name with its unit, value)."""
    candidates: tuple[Candidate, ...] = ()
    """Best first."""
    scores: tuple[ClassScore, ...] = ()
    """As the server orders them."""
    label: str = ""
    """The class that the server chose."""
    anomaly: Anomaly | None = None
    track: tuple[TrackBox, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """How a label came to be; it is kept with the revision."""

    author: str = ""
    client_id: str = ""
    model_version: str = ""
    prompts: tuple[Mapping[str, Json], ...] = ()
    """The prompts that the masks were asked for with, as JSON objects."""


@dataclass(frozen=True)
class FetchedLabel:
    """A label in a file."""

    path: Path
    revision: str | None


@dataclass(frozen=True)
class Saved:
    """A label that the server has, read back and found the same."""

    revision: str
    parent: str | None
    checksum: str
    """SHA-256 of the stored file."""


@dataclass(frozen=True)
class Comparison:
    """A new version beside the current one, on the same test patients."""

    metric: str
    promoted: bool
    reason: str = ""
    """Why it was promoted, or was not, for people."""
    cases: int = 0
    """How many test cases; when there were none, the numbers below are None."""
    current: float | None = None
    new: float | None = None
    difference: float | None = None
    low: float | None = None
    """Lower end of the 95 % interval of the difference."""
    high: float | None = None


@dataclass(frozen=True)
class Training:
    """A training job as it is now."""

    id: str
    task: str
    state: str
    """queued, running, done, failed or cancelled."""
    epoch: int = 0
    """The one that runs, from 1; 0 before the first."""
    epochs: int = 0
    step: int = 0
    """Steps done, of all epochs."""
    steps: int = 0
    """Steps of all epochs; 0 while that is not known."""
    loss: float | None = None
    score: float | None = None
    """On the validation patients; higher is better."""
    remaining_s: float | None = None
    message: str = ""
    created: str = ""
    version: str | None = None
    """The version that it made."""
    comparison: Comparison | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {"done", "failed", "cancelled"}

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None when that is not known yet."""
        if self.state == "done":
            return 1.0
        return min(self.step / self.steps, 1.0) if self.steps > 0 else None


@dataclass(frozen=True)
class Version:
    """One version of a task's model."""

    version: str
    current: bool = False
    created: str = ""
    parent: str | None = None
    scores: tuple[tuple[str, float], ...] = ()
    labels: int = 0
    """How many labels it was trained on."""
    reason: str = ""
    """Why it was promoted, or was not."""
