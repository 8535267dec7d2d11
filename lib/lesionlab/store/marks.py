"""Marks of readers beside the images: one Slicer markups file for each image, ``marks/NAME.mrk.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lesionlab.checked import finite_json, shown
from lesionlab.errors import InputError, TooLargeError
from lesionlab.store.files import write_atomically

MARKS = "marks"
SUFFIX = ".mrk.json"
MOST_BYTES = 4 * 1024 * 1024

_Triple = Annotated[list[float], Field(min_length=3, max_length=3)]


class _Part(BaseModel):
    """Slicer writes much more than is needed here, and each version of it something else."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _ControlPoint(_Part):
    # A point that is not placed yet has no position.
    position: _Triple | None = None


class _Markup(_Part):
    type: Literal["Fiducial", "Line", "Angle", "Curve", "ClosedCurve", "Plane", "ROI"]
    coordinateSystem: Literal["LPS", "RAS", "0", "1"] | int = "LPS"  # noqa: N815, as Slicer's schema names it
    controlPoints: list[_ControlPoint] = []  # noqa: N815
    center: _Triple | None = None
    size: _Triple | None = None


class _Markups(_Part):
    markups: list[_Markup]


class Marks:
    """The marks of a studies folder.

    Args:
        folder: ``marks/``; it is made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, image: str) -> Path:
        """Where the marks of an image are, or would be. ``image`` is a checked name."""
        return self._folder / f"{image}{SUFFIX}"

    def images(self) -> frozenset[str]:
        """The images that have marks."""
        if not self._folder.is_dir():
            return frozenset()
        return frozenset(path.name.removesuffix(SUFFIX) for path in self._folder.glob(f"*{SUFFIX}"))

    def write(self, image: str, content: bytes) -> None:
        """Store the marks of an image, in the place of those that it had.

        Raises:
            TooLargeError: over ``MOST_BYTES``.
            InputError: no JSON, or no markups as Slicer writes them.
        """
        text = check_marks(content)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path(image), text)


def check_marks(content: bytes) -> str:
    """The text of a Slicer markups file.

    Raises:
        TooLargeError: over ``MOST_BYTES``.
        InputError: names what is wrong and where.
    """
    if len(content) > MOST_BYTES:
        raise TooLargeError("the marks are too large", got=f"{len(content)} bytes", expected=f"at most {MOST_BYTES}")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("the marks are not UTF-8", got=str(error), expected="a Slicer markups file") from error
    try:
        _Markups.model_validate(finite_json(text, "marks"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InputError(
            f"marks: {where}: {first['msg']}", got=shown(first["input"]), expected="a Slicer markups file (.mrk.json)"
        ) from error
    return text
