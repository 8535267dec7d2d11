"""One scored answer, and tables of them as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmarks.scoring import score
from benchmarks.trials import EXACT, Trial
from lesionlab.image.volume import Volume


@dataclass(frozen=True)
class Answer:
    """A method's mask, and the Dice that it expects of it when it says so."""

    mask: Volume
    certainty: float | None = None


Method = Callable[[Trial], Answer]


@dataclass(frozen=True)
class Record:
    """One method's score on one trial; ``hd95_mm`` only for the exact prompt, and where the mask is not empty."""

    method: str
    case: str
    patient: str
    group: str
    variant: str
    dice: float
    hd95_mm: float | None
    volume_error: float
    certainty: float | None


def record(name: str, method: Method, trial: Trial) -> Record:
    """Ask a method and score its answer."""
    answer = method(trial)
    scores = score(answer.mask, trial.truth, with_distance=trial.variant == EXACT)
    case = trial.case
    distance = None if scores.hd95_mm is None else round(scores.hd95_mm, 3)
    return Record(
        name, case.name, case.patient, case.group, trial.variant, round(scores.dice, 5), distance,
        round(scores.volume_error, 4), None if answer.certainty is None else round(answer.certainty, 4),
    )  # fmt: skip


def write_records(records: Iterable[Record], file: Path, settings: dict[str, str]) -> None:
    """Write records with each method's settings; one line a record, so that a change shows as a small difference."""
    names = [field.name for field in fields(Record)]
    rows = [json.dumps(list(asdict(r).values()), allow_nan=False) for r in records]
    head = json.dumps(settings, indent=1, sort_keys=True)
    body = ",\n".join(rows)
    file.write_text(
        f'{{"settings": {head},\n"columns": {json.dumps(names)},\n"rows": [\n{body}\n]}}\n', encoding="utf-8"
    )


def read_records(file: Path) -> tuple[list[Record], dict[str, str]]:
    """Records and settings as ``write_records`` wrote them; nothing when the file does not exist."""
    if not file.is_file():
        return [], {}
    content = json.loads(file.read_text(encoding="utf-8"))
    rows = [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
    return [Record(**row) for row in rows], content["settings"]
