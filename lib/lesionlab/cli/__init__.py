"""The command line. Each command is one module here; heavy packages are imported only by the command that needs them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lesionlab.cli.entry import run
from lesionlab.cli.output import Output

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 our fault, 2 wrong input, 130 interrupted.
    """
    return run(sys.argv[1:] if argv is None else argv, Output(sys.stdout, sys.stderr))
