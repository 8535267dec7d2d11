"""``lesionlab study``: one sub-command for each module of ``lesionlab.cli.studies``."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from lesionlab.cli import studies
from lesionlab.cli.output import Output
from lesionlab.cli.parsing import Parser, add_common
from lesionlab.errors import InputError
from lesionlab.task import nearest

if TYPE_CHECKING:
    from lesionlab.cli.entry import Command


def all_studies() -> Mapping[str, Command]:
    """Every study's command, by its name on the command line."""
    names = sorted(info.name for info in pkgutil.iter_modules(studies.__path__))
    return {
        name.replace("_", "-"): cast("Command", importlib.import_module(f"{studies.__name__}.{name}")) for name in names
    }


def _listing() -> str:
    rows = [f"  {name:<12} {command.DESCRIPTION.splitlines()[0]}" for name, command in all_studies().items()]
    return "\n".join(rows)


DESCRIPTION = f"""Answer a question with several models, readers or sites, in one report.

studies:
{_listing()}"""
EXAMPLE = "lesionlab study readers malignancy_us --data studies --readers readers.csv --out readers.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("study", metavar="STUDY", help="see above; 'lesionlab study STUDY --help' tells more")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace, output: Output) -> None:
    """Run the study that is named.

    Raises:
        InputError: there is no such study; with the nearest name.
    """
    known = all_studies()
    if args.study not in known:
        raise InputError(
            "there is no such study",
            got=args.study,
            expected=f"one of {', '.join(known)}",
            hint=nearest(args.study, list(known)),
        )
    command = known[args.study]
    parser = Parser(f"lesionlab study {args.study}", command.DESCRIPTION, command.EXAMPLE)
    command.arguments(parser)
    add_common(parser)
    try:
        parser.read(args.arguments, args)
    except SystemExit:  # --help ends so
        return
    command.run(args, output)
