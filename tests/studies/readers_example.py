"""Eight images, what a model says of them, and readers."""

from __future__ import annotations

from pathlib import Path

from lesionlab.kinds.exhibits import Rating
from lesionlab.studies.readings import Readings

# The first four are diseased. The model calls from 0.5 on: one miss (3), one false alarm (4).
MODEL = (0.9, 0.8, 0.7, 0.3, 0.6, 0.4, 0.2, 0.1)
RATINGS = tuple(Rating(f"{n}.png", f"p{n}", n < 4, score, score >= 0.5) for n, score in enumerate(MODEL))


def reader(name: str, *scores: float | None, aided: bool = False) -> Readings:
    """Scores of the images in order; None for one that was not read."""
    return Readings(name, {f"{n}.png": score for n, score in enumerate(scores) if score is not None}, aided)


# Finds 0 and 3, misses 1 and 2; false alarms 4 and 5.
ANNA = reader("Anna", 1, 0, 0, 1, 1, 1, 0, 0)
# Finds 1 and 2 too, loses 3; takes back the false alarm 4 and raises one at 6.
ANNA_AIDED = reader("Anna", 1, 1, 1, 0, 0, 1, 1, 0, aided=True)


def table(path: Path, *readers: Readings) -> Path:
    """Write the readers' file; its column ``model`` only where somebody read with it."""
    aided = any(one.aided for one in readers)
    lines = ["image,reader,score" + ",model" * aided]
    for one in readers:
        ending = f",{'Yes' if one.aided else ''}" if aided else ""
        lines += [f"{image},{one.reader},{score}{ending}" for image, score in one.scores.items()]
    path.write_text("\n".join(lines))
    return path
