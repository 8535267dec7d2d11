"""``python -m lesionlab.demo``: run the demo."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from lesionlab.cli.parsing import whole
from lesionlab.demo.run import run
from lesionlab.errors import LesionLabError


def main() -> int:
    """Run the demo; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m lesionlab.demo", description="Server, sample case, one click and the workbench."
    )
    parser.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="where it writes (default: demo)")
    parser.add_argument(
        "--port", type=whole(1, 65535), default=8000, metavar="P", help="TCP port; a free one when it is taken"
    )
    parser.add_argument(
        "--page-port",
        type=whole(1, 65535),
        default=8080,
        metavar="P",
        help="the workbench's; a free one when it is taken",
    )
    parser.add_argument("--task", default="lesion_shape", metavar="TASK", help="the task that is asked")
    args = parser.parse_args()
    console = Console(highlight=False, markup=False)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # so that the server is stopped too
            signal.signal(getattr(signal, name), _ended)
    stay = sys.stdin.isatty() and console.is_terminal
    try:
        run(args.out, args.port, args.task, console, stay=stay, page_port=args.page_port)
    except LesionLabError as error:
        errors = Console(stderr=True, highlight=False, markup=False)
        errors.print(f"lesionlab demo: {error.message}", soft_wrap=True)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _ended(number: int, _: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
