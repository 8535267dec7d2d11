"""Cases of CIRCUS DB as frozen models. What we do not know is kept as it is, so that a new revision loses nothing."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lesionlab.checked import shown
from lesionlab.errors import InputError

M = TypeVar("M", bound=BaseModel)

Triple = tuple[float, float, float]
Pair = tuple[float, float]
Whole = tuple[int, int, int]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False, populate_by_name=True)


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, populate_by_name=True)


class Label(_Kept):
    """One label as the server gave it; ``geometry_of`` reads its data."""

    type: str
    name: str | None = None
    data: dict[str, Any]
    attributes: dict[str, Any] = Field(default_factory=dict)


class PartialVolume(_Kept):
    """Which images of a series make the volume: instance numbers from ``start`` to ``end`` in steps of ``delta``."""

    start: int
    end: int
    delta: int = 1

    @property
    def numbers(self) -> range:
        """The instance numbers, in the order of the volume's slices."""
        step = self.delta or (1 if self.end >= self.start else -1)
        return range(self.start, self.end + (1 if step > 0 else -1), step)


class Series(_Kept):
    """One volume of a case and its labels."""

    series_uid: str = Field(alias="seriesUid")
    partial_volume: PartialVolume | None = Field(default=None, alias="partialVolumeDescriptor")
    labels: tuple[Label, ...] = ()


class Revision(_Kept):
    """One state of a case's labels."""

    description: str = ""
    attributes: dict[str, Any] = Field(default_factory=dict)
    status: str = "draft"
    series: tuple[Series, ...] = ()
    creator: str | None = None


class PatientInfo(_Read):
    """Given only to users who may see it."""

    patient_id: str | None = Field(default=None, alias="patientId")


class CircusCase(_Read):
    """A case, from ``GET /cases/:id`` (all revisions) or from ``data.json`` of an archive (the exported one)."""

    case_id: str = Field(alias="caseId", pattern=r"^[A-Za-z0-9_-]{1,128}$")
    project_id: str = Field(default="", alias="projectId")
    patient: PatientInfo | None = Field(default=None, alias="patientInfo")
    revisions: tuple[Revision, ...] = ()
    latest: Revision | None = Field(default=None, alias="latestRevision")

    def revision(self, index: int | None = None) -> tuple[int, Revision]:
        """A revision and its number; the newest when no number is given. An archive does not tell the number: it is -1.

        Raises:
            InputError: there is no such revision.
        """
        if not self.revisions and self.latest is not None and index is None:
            return -1, self.latest
        number = len(self.revisions) - 1 if index is None else index
        if not 0 <= number < len(self.revisions):
            raise InputError(
                f"case {self.case_id} has no such revision", got=number, expected=f"0 to {len(self.revisions) - 1}"
            )
        return number, self.revisions[number]


class VoxelData(_Read):
    """A painted mask: SHA-1 of its blob, and where in the volume it lies (voxels)."""

    type: Literal["voxel"]
    voxels: str | None
    origin: Whole = (0, 0, 0)
    size: Whole = (0, 0, 0)


class SolidData(_Read):
    """A box, or the ellipsoid within it; mm of the volume."""

    type: Literal["cuboid", "ellipsoid"]
    min: Triple
    max: Triple


class FlatData(_Read):
    """A rectangle, or the ellipse within it, in the plane ``z``; mm of the volume."""

    type: Literal["rectangle", "ellipse"]
    min: Pair
    max: Pair
    z: float


class PointData(_Read):
    """A point; older servers call it ``point``."""

    type: Literal["point"]
    location: Triple | None = None
    point: Triple | None = None


class RulerData(_Read):
    """A line."""

    type: Literal["ruler"]
    start: Triple
    end: Triple


class PolylineData(_Read):
    """A line of several points in the plane ``z``, closed or open."""

    type: Literal["polyline"]
    points: tuple[Pair, ...]
    z: float
    closed: bool = True


Data = VoxelData | SolidData | FlatData | PointData | RulerData | PolylineData
_DATA: tuple[type[Data], ...] = (VoxelData, SolidData, FlatData, PointData, RulerData, PolylineData)


class _Tagged(_Read):
    data: Annotated[Data, Field(discriminator="type")]


def geometry_of(label: Label, place: str) -> Data | None:
    """What a label draws; None when its type is not known here.

    Raises:
        InputError: the data do not fit the type.
    """
    known = {name for model in _DATA for name in model.model_fields["type"].annotation.__args__}  # type: ignore[union-attr]
    if label.type not in known:
        return None
    return parsed(_Tagged, {"data": {**label.data, "type": label.type}}, place).data


def parsed(model: type[M], content: Any, place: str) -> M:
    """Read JSON into a model.

    Raises:
        InputError: names the place, the key, and what was got.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InputError(
            f"{place}: {key}: {first['msg']}", got=shown(first["input"]), expected="what CIRCUS DB gives"
        ) from error
