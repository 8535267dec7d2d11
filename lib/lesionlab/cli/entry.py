"""From arguments to a command to an exit status."""

from __future__ import annotations

import argparse
import importlib
import logging
import traceback
from collections.abc import Sequence
from typing import Protocol, cast

from lesionlab import __version__
from lesionlab.cli.output import Output
from lesionlab.cli.parsing import Parser, add_common
from lesionlab.errors import InputError, LesionLabError
from lesionlab.task import nearest

COMMANDS: dict[str, str] = {
    "tasks": "list what can be asked",
    "infer": "ask a task about an image",
    "explain": "show why a task answered as it did",
    "train": "train a task on your own cases",
    "versions": "list trained versions, choose which one answers",
    "evaluate": "score a task on cases with truth",
    "study": "compare models, readers and sites in one report",
    "phantom": "write simulated cases with truth",
    "serve": "serve all tasks to 3D Slicer and other MONAI Label clients",
    "workbench": "label in the browser",
    "dicom": "masks and measurements to and from DICOM",
    "circus": "exchange cases and labels with CIRCUS DB",
    "doctor": "check this installation",
}

DONE, OUR_FAULT, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


class Command(Protocol):
    """What each module of a command offers."""

    DESCRIPTION: str
    EXAMPLE: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, args: argparse.Namespace, output: Output) -> None:
        """Do it.

        Raises:
            LesionLabError: decides the exit status.
        """


def run(argv: Sequence[str], output: Output) -> int:
    """Run a command; every failure becomes one line and an exit status."""
    debug = "--debug" in argv
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, format="%(message)s")
    try:
        return _dispatch(argv, output)
    except LesionLabError as error:
        return _fail(output, error, error.message, error.exit_status, debug)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        return DONE
    except KeyboardInterrupt:
        output.error("interrupted")
        return INTERRUPTED
    except OSError as error:  # a disk or a file that we may not read or write: nothing to mend in the code
        return _fail(output, error, f"{error.strerror or error}; got {error.filename}", WRONG_INPUT, debug)
    except Exception as error:  # the border: nothing may reach the user as a traceback unless asked for
        where = "this is a fault of LesionLab; run again with --debug to see where"
        return _fail(output, error, f"{type(error).__name__}: {error}; {where}", OUR_FAULT, debug)


def _fail(output: Output, error: BaseException, message: str, status: int, debug: bool) -> int:
    if debug:
        output.trace("".join(traceback.format_exception(error)))
    output.error(message)
    return status


def _dispatch(argv: Sequence[str], output: Output) -> int:
    top = _top_parser()
    try:
        common = top.read(argv)
        name = common.command
        if name is None:
            raise InputError("no command", expected=f"one of {', '.join(COMMANDS)}", hint="see 'lesionlab --help'")
        if name not in COMMANDS:
            expected = f"one of {', '.join(COMMANDS)}"
            raise InputError(
                "there is no such command", got=name, expected=expected, hint=nearest(name, list(COMMANDS))
            )
        command = cast(Command, importlib.import_module(f"lesionlab.cli.{name}"))
        parser = Parser(f"lesionlab {name}", command.DESCRIPTION, command.EXAMPLE)
        command.arguments(parser)
        add_common(parser)
        args = parser.read(common.rest, common)
    except SystemExit as done:  # --help and --version end so
        return DONE if done.code in (0, None) else WRONG_INPUT
    command.run(args, output)
    return DONE


def _top_parser() -> Parser:
    commands = "\n".join(f"  {name:<10} {words}" for name, words in COMMANDS.items())
    parser = Parser(
        "lesionlab",
        f"A click and a size become a lesion's mask.\n\ncommands:\n{commands}",
        "lesionlab infer lesion_shape chest.nii.gz --point-mm -42.5 18 -101 --size-mm 14 --out mask.nii.gz",
    )
    add_common(parser)
    parser.add_argument("--version", action="version", version=f"lesionlab {__version__}")
    parser.add_argument(
        "command", metavar="COMMAND", nargs="?", help="see above; 'lesionlab COMMAND --help' tells more"
    )
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser
