"""What readers said: a CSV file with the columns image, reader and score."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lesionlab.errors import InputError
from lesionlab.store.files import image_name
from lesionlab.task import nearest

COLUMNS = ("image", "reader", "score")


@dataclass(frozen=True)
class Readings:
    """One reader's scores: the higher, the more likely diseased.

    Attributes:
        reader: a name or a number.
        scores: image -> score; images that were not read are missing.
    """

    reader: str
    scores: dict[str, float]


def read_readings(path: Path, images: Sequence[str]) -> tuple[Readings, ...]:
    """The readers of a file, in the order in which they first appear.

    Args:
        path: a CSV file, UTF-8, with commas or semicolons; columns in any order.
        images: the files that a line may name, with or without suffix.

    Raises:
        InputError: names the file, line and column, what was got and what was expected.
    """
    known = {**{image_name(name): name for name in images}, **{name: name for name in images}}
    found: dict[str, dict[str, float]] = {}
    for line, row in _rows(path):
        where = f"{path}, line {line}"
        if row["image"] not in known:
            raise InputError(
                f"{where}, column 'image': no image of the data folder",
                got=repr(row["image"]),
                expected="an image's name in the folder",
                hint=nearest(row["image"], list(images)),
            )
        if not row["reader"]:
            raise InputError(f"{where}, column 'reader': empty", expected="the reader's name or number")
        scores = found.setdefault(row["reader"], {})
        image = known[row["image"]]
        if image in scores:
            raise InputError(f"{where}: reader {row['reader']!r} scored this image before", got=row["image"])
        scores[image] = _score(row["score"], where)
    if not found:
        raise InputError(f"{path}: holds no scores", expected=f"a line {','.join(COLUMNS)}, then one for each reading")
    return tuple(Readings(reader, scores) for reader, scores in found.items())


def _score(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{where}, column 'score': not a finite number",
            got=repr(text),
            expected="a number, the higher the more likely diseased, such as 0.8 or a BI-RADS category",
            hint="leave the line out if the reader did not read the image",
        )
    return value


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text", got=str(error)) from error
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    for name in header:
        if name not in COLUMNS:
            raise InputError(
                f"{path}, line 1: unknown column",
                got=repr(name),
                expected=f"the columns {', '.join(COLUMNS)}",
                hint=nearest(name, list(COLUMNS)),
            )
    if sorted(header) != sorted(COLUMNS):
        raise InputError(
            f"{path}, line 1: wrong columns", got=", ".join(header), expected=f"each of {', '.join(COLUMNS)}"
        )
    rows = []
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            raise InputError(
                f"{path}, line {reader.line_num}: wrong number of columns",
                got=str(len(fields)),
                expected=str(len(header)),
            )
        rows.append((reader.line_num, {name: field.strip() for name, field in zip(header, fields, strict=True)}))
    return rows
