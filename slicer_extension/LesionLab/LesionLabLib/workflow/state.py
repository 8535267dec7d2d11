"""What the user sees, as one frozen value: the window draws `State` and nothing else.

Points and lengths are RAS millimetres. Every change makes a new `State`; what did not change stays the same object, so a
listener may compare parts with ``is``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from LesionLabLib.answers import Anomaly, Candidate, Case, ClassScore, TaskInfo, TrackBox, Training, Version
    from LesionLabLib.worker import Activity

Point = tuple[float, float, float]
Colour = tuple[float, float, float]
Value = Union[str, int, float, bool, None]

#: `Connection.status`.
NONE, CONNECTING, READY, LOST = "none", "connecting", "ready", "lost"
#: `Lesion.shape`: which weak label the lesion was marked with.
SPHERE, LINE, CIRCLE, ISODOSE, CANDIDATE = "sphere", "line", "circle", "isodose", "candidate"
#: The shape of what a whole-image task outlined: it has a mask, and no mark.
REGION = "region"
#: `Lesion.status`: asked later, asked now, answered, answered with a reason why not.
WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
#: `Notice.level`.
INFO, WARNING, ERROR = "info", "warning", "error"
#: One of `State.candidate_decisions`.
UNDECIDED, ACCEPTED, REJECTED = "undecided", "accepted", "rejected"


@dataclass(frozen=True)
class Settings:
    """Who works here, and where the extension may put its temporary files."""

    client_id: str
    """Names this workplace to the server, for example ``slicer-3f2a``: leases and revisions carry it."""
    author: str
    """The reader's name, recorded with every label."""
    folder: Path
    """An existing folder for images and labels on their way; emptied by nobody but its maker."""
    tag: str = "final"
    """The tag under which labels are submitted."""
    undo_steps: int = 100
    nudge_seconds: float = 1.0
    """Changes of the same kind to the same lesion that follow each other faster are one step for undo."""
    poll_seconds: float = 1.0
    """How often the running training is asked for."""


@dataclass(frozen=True)
class Connection:
    """Where the server is and whether it answers."""

    status: str = NONE
    """none, connecting, ready or lost."""
    url: str = ""
    server_version: str = ""
    message: str = ""
    """Why it is not ready, in plain words; empty when it is."""


@dataclass(frozen=True)
class OpenCase:
    """The image that is being worked on."""

    name: str
    volume_id: str
    """MRML id of the volume node."""
    session: str = ""
    """The server's session of a volume that is not one of its cases; empty for a case, and until it is uploaded."""
    revision: str | None = None
    """The label revision that this work started from; None when the case had none."""
    on_server: bool = True
    """Whether it is a case of the server (and can be submitted), or a volume of the scene."""
    unsaved: bool = False
    """Whether something was done since the case was opened or submitted."""


@dataclass(frozen=True)
class Prompt:
    """What a mask was asked for with: two equal prompts have the same answer."""

    point_mm: Point
    size_mm: float | None
    """Longest diameter; None leaves it to the model."""
    exclude_mm: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Lesion:
    """One lesion: its mark, and what the server made of it."""

    id: str
    name: str
    shape: str
    """sphere, line, circle, isodose, candidate or region."""
    point_mm: Point
    """The centre of the mark; for a line its middle."""
    size_mm: float | None = None
    """Longest diameter: as the user gave it, or else as the server settled on; None until then."""
    size_given: bool = False
    """Whether the user gave the size."""
    exclude_mm: tuple[Point, ...] = ()
    """Points that do not belong to it."""
    ends_mm: tuple[Point, Point] | None = None
    """A line's two ends; None for other shapes."""
    normal_axis: int | None = None
    """The axis (0 = R, 1 = A, 2 = S) that a circle's plane stands upright on; None for other shapes."""
    dose_node_id: str = ""
    """An isodose's dose volume."""
    percent: float | None = None
    """An isodose's level, per cent of the largest dose."""
    colour: Colour = (1.0, 0.5, 0.0)
    """Red, green, blue, 0 to 1."""
    status: str = WAITING
    """waiting, running, done or failed."""
    frozen: bool = False
    diameter_mm: float | None = None
    volume_mm3: float | None = None
    certainty: float | None = None
    model_version: str = ""
    message: str = ""
    """Why it failed or waits, in plain words."""

    @property
    def prompt(self) -> Prompt:
        """What the server is asked for this lesion."""
        return Prompt(self.point_mm, self.size_mm if self.size_given else None, self.exclude_mm)


@dataclass(frozen=True)
class Heat:
    """The heat map (probability, saliency, anomaly) over the image."""

    name: str = ""
    """One of `State.heats`; empty when none was chosen."""
    visible: bool = False
    opacity: float = 0.5
    threshold: float = 0.5
    """0 to 1: lower values are not drawn."""
    volume: bool = False
    """Whether 3D shows it as a volume rather than as nested surfaces: slow without a graphics card."""


@dataclass(frozen=True)
class Notice:
    """The last thing that the user should know."""

    level: str
    """info, warning or error."""
    text: str


@dataclass(frozen=True)
class State:
    """Everything that the window shows."""

    connection: Connection = Connection()
    tasks: tuple[TaskInfo, ...] = ()
    task: str = ""
    """Name of the chosen task."""
    options: tuple[tuple[str, Value], ...] = ()
    """Request fields of the chosen task that the user set: (field, value)."""
    strategies: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    case: OpenCase | None = None
    lesions: tuple[Lesion, ...] = ()
    selected: str = ""
    """Id of the selected lesion; empty when none is."""
    presence: tuple[tuple[str, bool], ...] = ()
    """What the reader said of the whole case: (label, present)."""
    candidates: tuple[Candidate, ...] = ()
    candidate: int = -1
    """Index of the candidate looked at; -1 when there is none."""
    candidate_decisions: tuple[str, ...] = ()
    """One per candidate: undecided, accepted or rejected."""
    scores: tuple[ClassScore, ...] = ()
    label: str = ""
    """The class with the highest score."""
    certainty: float | None = None
    """The certainty of the scores, where the task gives one."""
    measurements: tuple[tuple[str, float], ...] = ()
    """What the last whole-image task measured."""
    anomaly: Anomaly | None = None
    track: tuple[TrackBox, ...] = ()
    heats: tuple[str, ...] = ()
    """Names of the heat maps that can be shown."""
    heat: Heat = Heat()
    activities: tuple[Activity, ...] = ()
    notice: Notice | None = None
    training: Training | None = None
    versions: tuple[Version, ...] = ()
    """Of the chosen task, newest first."""
    can_undo: bool = False
    can_redo: bool = False
    conflict: str = ""
    """The other's revision, after a submit that somebody else overtook; submit(over_conflict=True) goes on."""

    def lesion(self, lesion_id: str) -> Lesion | None:
        """The lesion of that id, or None."""
        return next((lesion for lesion in self.lesions if lesion.id == lesion_id), None)

    def task_info(self) -> TaskInfo | None:
        """The chosen task, or None."""
        return next((task for task in self.tasks if task.name == self.task), None)
