"""What each kind of task must offer. Everything above (server, command line, training) speaks to kinds only through this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from lesionlab.errors import InputError
from lesionlab.progress import Report
from lesionlab.task import Frozen, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from lesionlab.explain.subject import Subject
    from lesionlab.image.geometry import Geometry
    from lesionlab.image.volume import Volume
    from lesionlab.kinds.exhibits import Compared, Exhibit, Measured, Rating
    from lesionlab.kinds.recipe import Recipe
    from lesionlab.store.cases import Case

Json = dict[str, Any]

#: How an answer can be explained.
Method = Literal["gradcam", "deepshap", "class-model", "adversarial"]
METHODS: tuple[Method, ...] = get_args(Method)


class Request(Frozen):
    """What a person asks of a task besides the image; each kind has its own fields. Points are RAS mm."""


class Result(ABC):
    """What a task answers.

    Attributes:
        label_name: what ``label`` is, for programs.
    """

    label_name: ClassVar[str] = "mask"

    @property
    @abstractmethod
    def label(self) -> Volume | None:
        """The answer as an image (uint8 mask), as a crop of the input's lattice, or None."""

    @property
    @abstractmethod
    def probability(self) -> Volume | None:
        """The map behind the answer (float32), on the lattice of ``label``, or None when it was not asked for."""

    @property
    def labels(self) -> dict[str, int] | None:
        """What the values of ``label`` mean, name -> value, where that differs from answer to answer; None: as the kind says."""
        return None

    @abstractmethod
    def summary(self) -> Json:
        """The answer as JSON, as the command line's ``--json`` prints it."""


@dataclass(frozen=True, eq=False)
class Explainable:
    """One answer, opened for explanation: what the networks saw, and how a map of it is brought back.

    Attributes:
        subjects: one for each network of an ensemble, on inputs of one shape; what is explained is their mean.
        restore: a map (views, *edges), float32, on the grid of the inputs -> a crop of the image's lattice.
        intensity: image values (HU for a CT) for each unit of the inputs, for methods that change the image.
        level: the image value where the inputs are 0.
        question: what the map answers, for people ("why there is a lesion here").
        about: where and what was explained, for programs.
        looks: the same question asked from places less than a cell away: Grad-CAM's map is the mean over them too, and so
            finer than the cells of its layer. They are no part of what is explained, and made when a map needs them.
    """

    subjects: tuple[Subject, ...]
    restore: Callable[[NDArray[np.float32]], Volume]
    intensity: float
    level: float
    question: str
    about: Json
    looks: Callable[[], tuple[Subject, ...]] = tuple


class Model(ABC):
    """A task's network with its weights, ready to answer. Safe to call from several threads."""

    version: str

    @abstractmethod
    def predict(self, volume: Volume, request: Request) -> Result:
        """Answer one request. Raises InputError when the request does not fit the volume."""

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        """The networks that answer, in evaluation mode, for work on the networks themselves; () when it shows none."""
        return ()

    def predict_in_steps(self, volume: Volume, request: Request, report: Report) -> Result:
        """Like :meth:`predict`, for long work: tells ``report`` after each step; what ``report`` raises ends the work."""
        return self.predict(volume, request)

    def explainable(self, volume: Volume, request: Request) -> Explainable:
        """The answer to a request, opened for explanation; it holds no more than one answer needs.

        Raises:
            InputError: when the request does not fit the volume, or the model cannot be explained.
        """
        raise InputError("the model cannot be explained", got=self.version)


Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        epochs: None means the task's own number.
        seed: of the random numbers.
        fresh: do not start from the shipped weights, but from ImageNet's where the task has them, else from random ones.
        start: the folder of a model to go on from; None means the shipped weights.
        device: None means a GPU when there is one.
    """

    epochs: int | None = None
    seed: int = 0
    fresh: bool = False
    start: Path | None = None
    device: Device | None = None


@dataclass(frozen=True)
class CaseScore:
    """How well a model answered one case (one lesion, where an image has several); higher is better."""

    case: str
    patient: str
    value: float


@dataclass(frozen=True, eq=False)
class Look:
    """What a model makes of an image that nobody has labelled.

    Attributes:
        uncertainty: in [0, 1], of the finding itself, not of the image around it.
        features: a vector (n,), of the network's deepest layer at the finding.
        result: what it answers, so that the answers of several versions can be compared; None when the kind cannot.
    """

    uncertainty: float
    features: NDArray[np.float32]
    result: Result | None = None


class Kind(ABC):
    """One kind of task."""

    name: ClassVar[str]
    task_type: ClassVar[type[Task]]
    request_type: ClassVar[type[Request]]
    #: MONAI Label's word for the panel that a stock client shows ("deepgrow", "segmentation", ...).
    monailabel_type: ClassVar[str]
    #: What ``case_scores`` measures.
    metric: ClassVar[str]
    #: What ``look`` wants: a reader's mark, or any image; None when the kind gives no look.
    looks_at: ClassVar[Literal["mark", "image"] | None] = None
    #: Whether what trains is also in ``cases.csv`` (classes, points, sizes), not in masks alone.
    learns_from_table: ClassVar[bool] = False

    def is_labelled(self, task: Task, case: Case) -> bool:
        """Whether a case can train or test the task: as a rule, whether it has a mask."""
        return case.mask is not None

    def shows(self, task: Task, case: Case) -> bool:
        """Whether a marked case shows what the task looks for; of healthy ones no heat map can be right."""
        return True

    def dimension(self, task: Task) -> int:
        """Whether its images are volumes (3) or planes (2)."""
        return 3

    def labels(self, task: Task) -> dict[str, int]:
        """What the values of the answer's mask mean: name -> value; empty when it answers without a mask."""
        return {}

    def client_config(self, task: Task) -> Json:
        """Parameters with their defaults that a stock client offers for change and sends back with each request."""
        return {}

    @abstractmethod
    def load(self, task: Task, model_dir: Path | None = None) -> Model:
        """The model of a task: from ``model_dir`` (as ``train`` wrote it), else the shipped weights."""

    @abstractmethod
    def request_from_monailabel(self, task: Task, params: Json, geometry: Geometry) -> Request:
        """The request of a MONAI Label client: our own fields, or a stock panel's (``foreground`` voxel clicks, ...).

        Raises:
            InputError: names the field, what was got and what was expected.
        """

    @property
    def explain_type(self) -> type[Request]:
        """What an explanation is asked with: as a rule, what an answer is asked with."""
        return self.request_type

    def explain_request(self, task: Task, params: Json, geometry: Geometry) -> Request:
        """As ``request_from_monailabel``, for an explanation; the fields are those of ``explain_type``."""
        return self.request_from_monailabel(task, params, geometry)

    @abstractmethod
    def recipe(self, task: Task, data: Path, options: TrainOptions) -> Recipe[Any]:
        """How the task trains on the datastore ``data``; ``learning.train`` follows it."""

    @abstractmethod
    def evaluate(self, task: Task, model: Model, data: Path, report: Report) -> Json:
        """Score a model on the datastore ``data``."""

    def headline(self, task: Task, scores: Json) -> Measured:
        """The one figure of ``evaluate`` that says most, with its interval.

        Raises:
            InputError: the kind has none.
        """
        raise InputError("the task cannot be summed up in one figure", got=task.name)

    def exhibits(self, task: Task, scores: Json) -> tuple[Exhibit, ...]:
        """What ``evaluate`` found, as plots and tables for people."""
        return ()

    def differences(self, task: Task, ours: Json, theirs: Json) -> tuple[Compared, ...]:
        """What ``evaluate`` found of two models on the same cases, compared in pairs; first the headline, higher is better.

        Raises:
            InputError: the kind cannot compare, or the cases differ.
        """
        raise InputError("models of this task cannot be compared", got=task.name)

    def ratings(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[Rating, ...]:
        """How likely the model finds each image diseased, to be held against readers.

        Raises:
            InputError: the task does not tell diseased from healthy images.
        """
        raise InputError(
            "the task does not tell diseased from healthy images",
            got=task.name,
            expected="a task of the kinds classify (with a positive class) or detect",
        )

    @abstractmethod
    def case_scores(self, task: Task, model: Model, cases: Sequence[Case], report: Report) -> tuple[CaseScore, ...]:
        """The ``metric`` of a model on each labelled case, in an order that depends on the cases alone."""

    def look(self, task: Task, model: Model, case: Case, volume: Volume) -> Look | None:
        """A look at an unlabelled case, for active learning; None when the kind cannot, or not without a mark."""
        return None

    def apart(self, a: Result, b: Result) -> float | None:
        """How far two answers to the same request lie apart, from 0 (the same) to 1; None when the kind cannot tell."""
        from lesionlab.kinds.apart import masks_apart

        return None if a.label is None or b.label is None else masks_apart(a.label, b.label)

    @abstractmethod
    def phantom(self, task: Task, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
        """Write a simulated cohort with truth as a datastore."""
