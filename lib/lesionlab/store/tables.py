"""CSV tables that people write by hand or with a spreadsheet; what is wrong is said with its line and column."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lesionlab.errors import InputError
from lesionlab.task import nearest


@dataclass(frozen=True)
class Row:
    """One line of a table, and where it stands, for errors."""

    path: Path
    line: int
    values: dict[str, str]

    def wrong(self, column: str, what: str, expected: str, hint: str | None = None) -> InputError:
        """The error that says what is wrong in a column."""
        return InputError(
            f"{self.path}, line {self.line}, column {column!r}: {what}",
            got=repr(self.values.get(column, "")),
            expected=expected,
            hint=hint,
        )

    def text(self, column: str) -> str:
        """What stands in a column, "" where there is none."""
        return self.values.get(column, "").strip()

    def number(self, column: str, expected: str, hint: str | None = None) -> float:
        """A finite number. Raises InputError that says what was ``expected``."""
        try:
            value = float(self.text(column))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.wrong(column, "not a finite number", expected, hint)
        return value


def read_rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> list[Row]:
    """The lines of a table, empty ones left out; commas or semicolons, columns in any order.

    Args:
        path: UTF-8, its first line names the columns.
        columns: all that it may have.
        required: those that it must have.

    Raises:
        InputError: names the file and line, what was got and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text", got=str(error)) from error
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    _check_header(path, header, columns, required)
    rows: list[Row] = []
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            raise InputError(
                f"{path}, line {reader.line_num}: wrong number of columns",
                got=str(len(fields)),
                expected=str(len(header)),
            )
        rows.append(Row(path, reader.line_num, dict(zip(header, fields, strict=True))))
    return rows


def _check_header(path: Path, header: list[str], columns: Sequence[str], required: Sequence[str]) -> None:
    for name in header:
        if name not in columns:
            raise InputError(
                f"{path}, line 1: unknown column",
                got=repr(name),
                expected=f"among {', '.join(columns)}",
                hint=nearest(name, list(columns)),
            )
    if not set(required) <= set(header) or len(set(header)) != len(header):
        names = ", ".join(f"'{name}'" for name in required)
        raise InputError(f"{path}, line 1: wrong columns", got=", ".join(header), expected=f"{names}, none twice")
