"""The only place that writes to the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from lesionlab.errors import InputError
from lesionlab.progress import Progress, Report, silent


@dataclass(frozen=True)
class Output:
    """Results go to ``out``; errors and progress go to ``err``."""

    out: TextIO
    err: TextIO

    def line(self, text: str) -> None:
        """One line for people."""
        self.out.write(text + "\n")
        self.out.flush()

    def error(self, text: str) -> None:
        """One line on what went wrong."""
        self.err.write("lesionlab: " + " ".join(text.split()) + "\n")

    def trace(self, text: str) -> None:
        """A traceback, as it is."""
        self.err.write(text)

    def json(self, content: Any, target: str = "-") -> None:
        """Write JSON to the file ``target``, whole or not at all; ``-`` is standard output."""
        text = json.dumps(content, indent=2, allow_nan=False)
        if target == "-":
            self.line(text)
        else:
            from lesionlab.store.files import write_atomically

            write_atomically(Path(target), text + "\n")

    @contextmanager
    def progress(self) -> Iterator[Report]:
        """A bar on a terminal, nothing in a pipe."""
        if not self.err.isatty():
            yield silent
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        with Bar(*columns, console=Console(file=self.err), transient=True) as bar:
            step = bar.add_task("preparing", total=None)

            def report(progress: Progress) -> None:
                bar.update(step, completed=progress.done, total=progress.total, description=progress.text)

            yield report


def check_targets(targets: Mapping[str, Path | str | None]) -> None:
    """Refuse files that could not be written, before the work is done; "-" is standard output.

    Args:
        targets: option -> what was given, if anything.

    Raises:
        InputError: as :func:`check_target`.
    """
    for option, target in targets.items():
        if target is not None and str(target) != "-":
            check_target(Path(target), option)


def check_target(path: Path, option: str) -> None:
    """Refuse a file that could not be written, before the work is done.

    Raises:
        InputError: its folder does not exist, or it is a folder itself.
    """
    if path.is_dir():
        raise InputError(f"{option} is a folder", got=str(path), expected="a file")
    if not path.parent.is_dir():
        raise InputError(
            f"the folder of {option} does not exist", got=str(path), expected="a file in a folder that exists"
        )
