"""The cases of a datastore.

Images lie in the folder, masks in ``labels/final/`` under the same name, everything else in ``cases.csv``.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.geometry import Point
from lesionlab.store.files import SUFFIXES, image_files, image_name, write_atomically
from lesionlab.store.tables import Row, read_rows
from lesionlab.task import nearest

log = logging.getLogger(__name__)

TABLE = "cases.csv"
MASKS = Path("labels") / "final"
_POINT = ("point_r", "point_a", "point_s")
_LENGTH = "millimetres, such as 12.5"
COLUMNS = ("image", "label", "patient", *_POINT, "size_mm", "reader")


@dataclass(frozen=True)
class Case:
    """One lesion, or one image without a mark.

    Attributes:
        image: the image's file.
        mask: the file with its mask, or None.
        patient: who it is of; images of one patient stay together.
        label: the case's class, or "".
        point_mm: a point in the lesion, RAS mm, or None.
        size_mm: the lesion's longest diameter as a reader gave it, mm, or None.
        reader: who marked it, or None.
    """

    image: Path
    mask: Path | None
    patient: str
    label: str = ""
    point_mm: Point | None = None
    size_mm: float | None = None
    reader: str | None = None


def read_cases(folder: Path) -> tuple[Case, ...]:
    """The cases of a datastore, in the order of ``cases.csv``; images that it does not list follow, by name.

    Without ``cases.csv`` every image is one case, and its own patient.

    Raises:
        NotFoundError: when the folder is missing or has no image.
        InputError: names the file, line and column, what was got and what was expected.
    """
    if not folder.is_dir():
        raise NotFoundError("the data folder does not exist", got=str(folder), expected="a folder with images")
    images = {path.name: path for path in image_files(folder)}
    if not images:
        raise NotFoundError("the data folder holds no image", got=str(folder), expected=f"files {', '.join(SUFFIXES)}")
    masks = {image_name(path): path for path in image_files(folder / MASKS)} if (folder / MASKS).is_dir() else {}
    listed = _read_table(folder / TABLE, images, masks) if (folder / TABLE).is_file() else []
    seen = {case.image for case in listed}
    rest = [_plain(path, masks) for path in images.values() if path not in seen]
    if listed and rest:
        log.info("%s does not list %d of %d images; each is taken as its own patient", TABLE, len(rest), len(images))
    return (*listed, *rest)


def write_cases(folder: Path, cases: Sequence[Case]) -> None:
    """Write ``cases.csv`` of a datastore, at once.

    Raises:
        InputError: when an image does not lie in the folder.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for case in cases:
        if case.image.resolve().parent != folder.resolve():
            raise InputError("a case's image lies outside its data folder", got=str(case.image), expected=str(folder))
        point = ["", "", ""] if case.point_mm is None else [repr(round(float(x), 4)) for x in case.point_mm]
        size = "" if case.size_mm is None else repr(round(float(case.size_mm), 4))
        table.writerow([case.image.name, case.label, case.patient, *point, size, case.reader or ""])
    write_atomically(folder / TABLE, text.getvalue())


def _plain(image: Path, masks: dict[str, Path]) -> Case:
    return Case(image, masks.get(image_name(image)), image_name(image))


def _point(row: Row) -> Point | None:
    given = [column for column in _POINT if row.text(column)]
    if not given:
        return None
    for column in _POINT:
        if column not in given:
            raise row.wrong(column, "part of the point is missing", "all of point_r, point_a, point_s, or none")
    r, a, s = (row.number(column, _LENGTH) for column in _POINT)
    return r, a, s


def _size(row: Row) -> float | None:
    if not row.text("size_mm"):
        return None
    value = row.number("size_mm", _LENGTH)
    if value <= 0:
        raise row.wrong("size_mm", "not positive", "millimetres above zero")
    return value


def _read_table(path: Path, images: dict[str, Path], masks: dict[str, Path]) -> list[Case]:
    cases: list[Case] = []
    lines: dict[tuple[Path, Point | None, str | None], int] = {}
    patients: dict[Path, str] = {}
    for row in read_rows(path, COLUMNS, ("image",)):
        case = _case(row, images, masks)
        first = lines.setdefault((case.image, case.point_mm, case.reader), row.line)
        if first != row.line:
            raise row.wrong("image", f"the same case as line {first}", "another image, point or reader")
        if patients.setdefault(case.image, case.patient) != case.patient:
            raise row.wrong("patient", "the image has two patients", repr(patients[case.image]))
        cases.append(case)
    return cases


def _case(row: Row, images: dict[str, Path], masks: dict[str, Path]) -> Case:
    given = row.text("image")
    matches = [path for name, path in images.items() if given in (name, image_name(name))]
    if len(matches) != 1:
        what = "names no image of the folder" if not matches else "names several images of the folder"
        raise row.wrong("image", what, "a file's name in the folder", nearest(given, list(images)))
    image = matches[0]
    return Case(
        image=image,
        mask=masks.get(image_name(image)),
        patient=row.text("patient") or image_name(image),
        label=row.text("label"),
        point_mm=_point(row),
        size_mm=_size(row),
        reader=row.text("reader") or None,
    )
