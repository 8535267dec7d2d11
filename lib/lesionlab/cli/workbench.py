"""``lesionlab workbench``: label in the browser."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import whole
from lesionlab.errors import InputError, InternalError

DESCRIPTION = (
    "Label in the browser: axial, coronal, sagittal and 3D views, the same workflow as in 3D Slicer.\n"
    "It talks to a server that 'lesionlab serve' started, and prints the address to open."
)
EXAMPLE = "lesionlab workbench --server http://127.0.0.1:8000"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--server", metavar="URL", default="http://127.0.0.1:8000", help="the server (default: http://127.0.0.1:8000)"
    )
    parser.add_argument(
        "--host", metavar="H", default="127.0.0.1", help="address to listen at (default: this machine only)"
    )
    parser.add_argument(
        "--port", metavar="P", type=whole(1, 65535), default=8080, help="TCP port of the page (default: 8080)"
    )
    parser.add_argument("--case", metavar="NAME", default="", help="the case to open first")
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="holds the server's token (default: LESIONLAB_TOKEN)"
    )


def run(args: argparse.Namespace, output: Output) -> None:
    """Serve the page until interrupted.

    Raises:
        InputError: the token cannot be read, or something has to be installed first.
        InternalError: the page did not start, or ended by itself.
    """
    from lesionlab.cli.viewer import running_viewer

    scheme = args.server.partition("://")[0].lower() if "://" in args.server else "http"
    if scheme not in ("http", "https"):
        raise InputError("--server is no address", got=args.server, expected="such as http://127.0.0.1:8000")
    if args.token_file is not None and not args.token_file.is_file():
        raise InputError("--token-file is not a file", got=str(args.token_file), expected="a file with the token in it")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _ended)  # so that the page is stopped too
    with running_viewer(args.server, args.host, args.port, args.token_file, args.case) as viewer:
        output.line(f"The workbench is at {viewer.url} (Ctrl-C stops it)")
        status = viewer.process.wait()
    raise InternalError("the workbench ended by itself", got=f"status {status}")


def _ended(number: int, _: object) -> None:
    sys.exit(128 + number)
