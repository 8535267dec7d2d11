"""The part of Slicer's ``.mrk.json`` that weak labels need, as frozen models; what else a file holds is passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lesionlab.checked import finite_json, shown
from lesionlab.errors import InputError

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)

#: The name of a line that is the short axis of the line before it.
SHORT_AXIS = "short axis"

Numbers = tuple[float, float, float]


class _Loose(BaseModel):
    # Slicer writes display properties and much else; only names that we read are checked.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ControlPoint(_Loose):
    """One point; ``description`` carries our settings, such as ``size_mm=12.5``."""

    label: str = ""
    description: str = ""
    position: Numbers | None = None
    position_status: str = Field(default="defined", alias="positionStatus")


class Markup(_Loose):
    """One markup node."""

    type: str
    coordinate_system: Literal["LPS", "RAS", "0", "1", 0, 1] = Field(default="LPS", alias="coordinateSystem")
    units: str = Field(default="mm", alias="coordinateUnits")
    control_points: tuple[ControlPoint, ...] = Field(default=(), alias="controlPoints")
    roi_type: str = Field(default="Box", alias="roiType")
    center: Numbers | None = None
    orientation: tuple[float, ...] | None = None
    size: Numbers | None = None

    @property
    def is_ras(self) -> bool:
        """Whether coordinates are RAS (0 in old files); otherwise they are LPS."""
        return self.coordinate_system in ("RAS", "0", 0)


class MarkupFile(_Loose):
    """A whole file."""

    markups: tuple[Markup, ...]


def read_file(path: Path) -> MarkupFile:
    """Read a ``.mrk.json``.

    Raises:
        InputError: the file is missing, no JSON, or lacks what a markup needs.
    """
    try:
        content: Any = finite_json(path.read_text(encoding="utf-8-sig"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read", got=str(error)) from error
    try:
        return MarkupFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InputError(
            f"{path}: {where}: {first['msg']}", got=shown(first["input"]), expected="markups that 3D Slicer wrote"
        ) from error


def write_file(path: Path, markups: list[dict[str, Any]]) -> None:
    """Write a ``.mrk.json`` that Slicer reads."""
    path.write_text(json.dumps({"@schema": SCHEMA, "markups": markups}, indent=1) + "\n", encoding="utf-8")
