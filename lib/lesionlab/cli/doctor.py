"""``lesionlab doctor``: check this installation."""

from __future__ import annotations

import argparse

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import add_json, task_folders
from lesionlab.errors import InternalError

DESCRIPTION = "Check this installation, and say what to do about each thing that is missing."
EXAMPLE = "lesionlab doctor"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Make every check.

    Raises:
        InternalError: one of them failed.
    """
    from lesionlab.cli.checks import all_checks

    found = []
    for check in all_checks(task_folders(args)):
        found.append(check)
        if args.json != "-":
            output.line(check.line)
    bad = [check.name for check in found if check.state == "bad"]
    if args.json is not None:
        output.json({"ok": not bad, "checks": [check.content() for check in found]}, args.json)
    if bad:
        raise InternalError(
            "this installation is not complete", got=", ".join(bad), hint="'lesionlab doctor' says what to do"
        )
