"""Reading the command line, with errors in one line."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from lesionlab.errors import InputError
from lesionlab.task import nearest

TASKS_VARIABLE = "LESIONLAB_TASKS"


class Parser(argparse.ArgumentParser):
    """argparse that raises ``InputError`` instead of printing a page of usage."""

    def __init__(self, prog: str, description: str, example: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise InputError(message, hint=f"see '{self.prog} --help'")

    def read(self, arguments: Sequence[str], into: argparse.Namespace | None = None) -> argparse.Namespace:
        """Parse; an unknown option is answered with the nearest valid one.

        Raises:
            InputError: what, got, expected.
        """
        found, unknown = self.parse_known_args(arguments, into)
        if unknown:
            valid = sorted(set(re.findall(r"--[a-z][a-z-]*", self.format_help().split("example:")[0])))
            hint = nearest(unknown[0], valid) if unknown[0].startswith("-") else None
            raise InputError("unknown argument", got=unknown[0], expected=self._usage(), hint=hint)
        return found

    def _usage(self) -> str:
        return " ".join(self.format_usage().removeprefix("usage:").split())


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options that every command has; they may also stand before the command."""
    parser.add_argument(
        "--tasks",
        metavar="DIR",
        action="append",
        default=argparse.SUPPRESS,
        help=f"folder of your own task files; repeatable (also: environment variable {TASKS_VARIABLE})",
    )
    parser.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="show where in the code an error comes from"
    )


def add_json(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """``--json FILE|-``."""
    parser.add_argument(
        "--json", metavar="FILE", required=required, help="write the result as JSON; - is standard output"
    )


def task_folders(args: argparse.Namespace) -> tuple[Path, ...]:
    """The lab's own folders of tasks: those of the environment, then those of ``--tasks``."""
    named = [part for part in os.environ.get(TASKS_VARIABLE, "").split(os.pathsep) if part]
    return tuple(Path(part) for part in [*named, *getattr(args, "tasks", [])])


def number(unit: str, *, above: float = -math.inf) -> Callable[[str], float]:
    """A finite number."""

    def read(text: str) -> float:
        expected = f"a number in {unit}" if above == -math.inf else f"a number above {above:g} in {unit}"
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"not a number; got {text!r}; expected {expected}") from None
        if not (math.isfinite(value) and value > above):
            raise argparse.ArgumentTypeError(f"out of range; got {text!r}; expected {expected}")
        return value

    return read


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number of at least ``least``."""

    def read(text: str) -> int:
        expected = f"a whole number >= {least}" + ("" if most is None else f" and <= {most}")
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"not a whole number; got {text!r}; expected {expected}") from None
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"out of range; got {text!r}; expected {expected}")
        return value

    return read


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``."""
    parser.add_argument(
        "--model", metavar="DIR", help="a folder that 'lesionlab train' wrote, instead of the shipped weights"
    )


def model_folder(args: argparse.Namespace) -> Path | None:
    """The folder that ``--model`` names, if any. Raises InputError when it does not exist."""
    return None if args.model is None else existing_folder(args.model, "--model")


def model_folders(args: argparse.Namespace, task: str) -> dict[str, Path]:
    """The same as ``Predictor`` takes it: task -> folder."""
    folder = model_folder(args)
    return {} if folder is None else {task: folder}


def existing_folder(path: str, option: str) -> Path:
    """A folder that must exist.

    Raises:
        InputError: it does not.
    """
    if not Path(path).is_dir():
        raise InputError(f"{option} is not a folder", got=path, expected="a folder that exists")
    return Path(path)
