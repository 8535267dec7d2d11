"""What goes into the scene and comes out of it. Points and lengths are world (RAS) millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from LesionLabLib.answers import Crop

Point = tuple[float, float, float]
Colour = tuple[float, float, float]

#: Shapes of a mark.
SPHERE, LINE, CIRCLE, ISODOSE, CANDIDATE = "sphere", "line", "circle", "isodose", "candidate"
ORANGE: Colour = (1.0, 0.5, 0.0)


@dataclass(frozen=True)
class VolumeRef:
    """A volume of the scene."""

    node_id: str
    name: str


class MarkLike(Protocol):
    """What can be shown as a mark: `Mark`, whose fields these are, and `workflow.state.Lesion`."""

    @property
    def id(self) -> str:
        """Names it in its scene."""

    @property
    def name(self) -> str:
        """What the reader reads beside it."""

    @property
    def shape(self) -> str:
        """sphere, line, circle, isodose or candidate."""

    @property
    def point_mm(self) -> Point:
        """The centre; of a line, its middle."""

    @property
    def size_mm(self) -> float | None:
        """Longest diameter; None when there is none."""

    @property
    def size_given(self) -> bool:
        """Whether the reader gave the size."""

    @property
    def exclude_mm(self) -> tuple[Point, ...]:
        """Points that do not belong to the lesion."""

    @property
    def ends_mm(self) -> tuple[Point, Point] | None:
        """A line's two ends; None for other shapes."""

    @property
    def normal_axis(self) -> int | None:
        """The axis (0 = R, 1 = A, 2 = S) that a circle's plane stands upright on; None for other shapes."""

    @property
    def percent(self) -> float | None:
        """An isodose's level, per cent of the largest dose."""

    @property
    def colour(self) -> Colour:
        """Red, green, blue, 0 to 1."""

    @property
    def frozen(self) -> bool:
        """Whether it is finished: it cannot be dragged."""


@dataclass(frozen=True)
class Mark:
    """A weak label as it lies in the scene."""

    id: str
    name: str
    shape: str
    """sphere, line, circle, isodose or candidate."""
    point_mm: Point
    """The centre; of a line, its middle."""
    size_mm: float | None = None
    """Longest diameter; None when the reader gave none."""
    size_given: bool = False
    exclude_mm: tuple[Point, ...] = ()
    """Points that do not belong to the lesion."""
    ends_mm: tuple[Point, Point] | None = None
    """A line's two ends; None for other shapes."""
    normal_axis: int | None = None
    """The axis (0 = R, 1 = A, 2 = S) that a circle's plane stands upright on; None for other shapes."""
    percent: float | None = None
    """An isodose's level, per cent of the largest dose."""
    colour: Colour = ORANGE
    frozen: bool = False


@dataclass(frozen=True)
class Region:
    """One value of a label file: its voxels as a tight crop of the image's lattice."""

    value: int
    crop: Crop


@dataclass(frozen=True)
class MaskState:
    """A lesion's mask as it was given: what finished or later neighbours hold of it is not cut off yet."""

    lesion_id: str
    crop: Crop
    colour: Colour
    frozen: bool
    rank: int
    """Where two unfinished masks overlap, the higher rank shows."""
    name: str = ""


@dataclass(frozen=True)
class SceneSnapshot:
    """Marks and masks at one moment. Cheap to keep: arrays are shared between snapshots, never copied."""

    marks: tuple[Mark, ...]
    masks: tuple[MaskState, ...]
