"""What the page shows, as one typed value: the page's elements name its fields, and nothing else crosses to the browser."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CaseRow:
    """One image of the server."""

    name: str
    labelled: bool
    marks: bool
    holder: str
    """Who works on it now, when that is somebody else."""
    open: bool


@dataclass(frozen=True)
class TaskRow:
    """One task that can be chosen."""

    name: str
    title: str
    kind: str
    text: str


@dataclass(frozen=True)
class OptionRow:
    """One field of what the chosen task may be asked."""

    name: str
    kind: str
    """number, choice, switch or text."""
    value: str | float | bool | None
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class ChoiceRow:
    """One entry of a list: what is meant, and what is read."""

    value: str
    title: str


@dataclass(frozen=True)
class LesionRow:
    """One lesion."""

    id: str
    name: str
    colour: str
    selected: bool
    frozen: bool
    busy: bool
    failed: bool
    mark: str
    """What it was marked with, as an icon."""
    diameter: str
    volume: str
    certainty: str
    certain: float
    """Certainty, 0 to 100."""
    message: str


@dataclass(frozen=True)
class CandidateRow:
    """One finding of a detector."""

    number: int
    text: str
    confidence: float
    """0 to 100."""
    decision: str
    current: bool


@dataclass(frozen=True)
class ScoreRow:
    """The probability of one class."""

    name: str
    percent: float
    best: bool


@dataclass(frozen=True)
class FigureRow:
    """One number with its name."""

    name: str
    value: str


@dataclass(frozen=True)
class ActivityRow:
    """Something that takes a while."""

    id: int
    text: str
    percent: float
    """0 to 100; -1 when it is not known."""
    cancellable: bool


@dataclass(frozen=True)
class NoticeRow:
    """The last thing that the reader should know."""

    level: str
    text: str


@dataclass(frozen=True)
class TrainingRow:
    """The training job."""

    state: str
    percent: float
    """0 to 100; -1 when it is not known."""
    text: str
    figures: tuple[FigureRow, ...]
    running: bool
    comparison: str
    promoted: bool


@dataclass(frozen=True)
class VersionRow:
    """One version of the chosen task's model."""

    version: str
    current: bool
    text: str


@dataclass(frozen=True)
class Reasons:
    """Why each control can do nothing now; empty when it can."""

    mark: str = ""
    exclude: str = ""
    undo: str = ""
    redo: str = ""
    freeze: str = ""
    delete: str = ""
    size: str = ""
    next_case: str = ""
    run: str = ""
    submit: str = ""
    train: str = ""
    heat: str = ""
    explain: str = ""
    shown_heat: str = ""
    candidates: str = ""
    case: str = ""


@dataclass(frozen=True)
class Shown:
    """All of it. Fields that the reader edits in place (address, tool, size, ...) belong to the page: see `browser.inputs`."""

    connection: str = "none"
    connection_text: str = "Not connected"
    server_text: str = ""
    cases: tuple[CaseRow, ...] = ()
    case_name: str = ""
    case_unsaved: bool = False
    on_server: bool = True
    strategies: tuple[str, ...] = ()
    tasks: tuple[TaskRow, ...] = ()
    task: str = ""
    task_text: str = ""
    takes_clicks: bool = False
    options: tuple[OptionRow, ...] = ()
    lesions: tuple[LesionRow, ...] = ()
    selected: str = ""
    size_text: str = ""
    """The selected lesion's size; empty when none is selected."""
    presence: tuple[tuple[str, str], ...] = ()
    """Label, and yes, no or nothing."""
    candidates: tuple[CandidateRow, ...] = ()
    candidate: int = -1
    undecided: int = 0
    scores: tuple[ScoreRow, ...] = ()
    figures: tuple[FigureRow, ...] = ()
    explanations: tuple[ChoiceRow, ...] = ()
    """How the chosen task can explain its answers."""
    heats: tuple[str, ...] = ()
    heat_name: str = ""
    heat_visible: bool = False
    heat_volume: bool = False
    activities: tuple[ActivityRow, ...] = ()
    busy: bool = False
    notice: NoticeRow | None = None
    training: TrainingRow | None = None
    versions: tuple[VersionRow, ...] = ()
    conflict: str = ""
    why: Reasons = field(default_factory=Reasons)
