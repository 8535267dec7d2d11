"""What readers said: a CSV file with the columns image, reader and score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lesionlab.errors import InputError
from lesionlab.store.files import image_name
from lesionlab.store.tables import read_rows
from lesionlab.task import nearest

COLUMNS = ("image", "reader", "score")
_SCORE = "a number, the higher the more likely diseased, such as 0.8 or a BI-RADS category"


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
        path: see :func:`lesionlab.store.tables.read_rows`.
        images: the files that a line may name, with or without suffix.

    Raises:
        InputError: names the file, line and column, what was got and what was expected.
    """
    known = {**{image_name(name): name for name in images}, **{name: name for name in images}}
    found: dict[str, dict[str, float]] = {}
    for row in read_rows(path, COLUMNS, COLUMNS):
        if row.text("image") not in known:
            hint = nearest(row.text("image"), list(images))
            raise row.wrong("image", "names no image of the data folder", "a file's name in the folder", hint)
        if not row.text("reader"):
            raise row.wrong("reader", "empty", "the reader's name or number")
        scores = found.setdefault(row.text("reader"), {})
        image = known[row.text("image")]
        if image in scores:
            raise row.wrong(
                "image", f"reader {row.text('reader')!r} scored it before", "each image once for each reader"
            )
        scores[image] = row.number("score", _SCORE, "leave the line out if the reader did not read the image")
    if not found:
        raise InputError(f"{path}: holds no scores", expected=f"a line {','.join(COLUMNS)}, then one for each reading")
    return tuple(Readings(reader, scores) for reader, scores in found.items())
