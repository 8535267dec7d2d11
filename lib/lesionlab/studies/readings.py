"""What readers said: a CSV file with the columns image, reader, score and, if they read with the model too, model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lesionlab.errors import InputError
from lesionlab.store.files import image_name
from lesionlab.store.tables import read_rows
from lesionlab.task import nearest

COLUMNS = ("image", "reader", "score", "model")
_REQUIRED = COLUMNS[:3]
_AIDED = {"yes": True, "no": False, "": False}
_SCORE = "a number, the higher the more likely diseased, such as 0.8 or a BI-RADS category"


@dataclass(frozen=True)
class Readings:
    """One reader's scores, with the model or without it: the higher, the more likely diseased.

    Attributes:
        reader: a name or a number.
        scores: image -> score; images that were not read are missing.
        aided: whether the reader saw the model's answers.
    """

    reader: str
    scores: dict[str, float]
    aided: bool = False


def read_readings(path: Path, images: Sequence[str]) -> tuple[Readings, ...]:
    """The readers of a file, in the order in which they first appear; one who read both ways is there twice.

    Args:
        path: see :func:`lesionlab.store.tables.read_rows`.
        images: the files that a line may name, with or without suffix.

    Raises:
        InputError: names the file, line and column, what was got and what was expected.
    """
    known = {**{image_name(name): name for name in images}, **{name: name for name in images}}
    found: dict[tuple[str, bool], dict[str, float]] = {}
    for row in read_rows(path, COLUMNS, _REQUIRED):
        if row.text("image") not in known:
            hint = nearest(row.text("image"), list(images))
            raise row.wrong("image", "names no image of the data folder", "a file's name in the folder", hint)
        if not row.text("reader"):
            raise row.wrong("reader", "empty", "the reader's name or number")
        aided = _AIDED.get(row.text("model").lower())
        if aided is None:
            raise row.wrong(
                "model", "neither yes nor no", "yes if the reader saw the model's answer, else no or nothing"
            )
        scores = found.setdefault((row.text("reader"), aided), {})
        image = known[row.text("image")]
        if image in scores:
            before = f"reader {row.text('reader')!r} scored it before" + (", with the model" if aided else "")
            raise row.wrong("image", before, "each image once for each reader, and once more with the model")
        scores[image] = row.number("score", _SCORE, "leave the line out if the reader did not read the image")
    if not found:
        raise InputError(
            f"{path}: holds no scores", expected=f"a line {','.join(_REQUIRED)}, then one for each reading"
        )
    if all(aided for _, aided in found):
        raise InputError(
            f"{path}, column 'model': every reading was made with the model",
            expected="readings without it too (no, or nothing): those are held against the model",
        )
    return tuple(Readings(reader, scores, aided) for (reader, aided), scores in found.items())
