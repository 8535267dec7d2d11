"""``python -m browser``: serve the workbench. ``lesionlab workbench`` starts it with everything that it needs."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from trame.app import get_server
from trame_server import Server

from browser.guard import protect
from browser.workbench import Start, Workbench, serve
from LesionLabLib.workflow.state import Settings

Prepare = Callable[[Server, Workbench], None]


def main(prepare: Prepare | None = None) -> int:
    """Serve until interrupted; the first line on standard output is the page's address.

    Args:
        prepare: is given the workbench before it starts, as a lab's own additions may want.
    """
    parser = argparse.ArgumentParser(prog="python -m browser", description="The LesionLab workbench.")
    parser.add_argument("--server", default="", metavar="URL", help="LesionLab server to connect to")
    parser.add_argument("--host", default="127.0.0.1", metavar="H")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="TCP port; 0 takes a free one")
    parser.add_argument("--case", default="", metavar="NAME", help="the case to open first")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="holds the LesionLab server's token")
    args = parser.parse_args()
    token = args.token_file.read_text(encoding="utf-8").strip() if args.token_file else ""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sys.argv = sys.argv[:1]  # trame reads the rest of the command line too, and means other things by it
    start = Start(args.server, token or os.environ.get("LESIONLAB_TOKEN", ""), args.case)
    with tempfile.TemporaryDirectory(prefix="lesionlab-workbench-") as folder:
        _serve(args.host, args.port, start, Path(folder), prepare)
    return 0


def _serve(host: str, port: int, start: Start, folder: Path, prepare: Prepare | None) -> None:
    server = get_server("lesionlab-workbench", client_type="vue3")
    secret = secrets.token_urlsafe(18)
    protect(server, host, secret)
    workbench = Workbench(server, Settings(_client_id(), _author(), folder))
    if prepare is not None:
        prepare(server, workbench)
    serve(server, workbench, start)

    def say(**_: object) -> None:
        sys.stdout.write(f"http://{host}:{server.port}/index.html?secret={secret}\n")
        sys.stdout.flush()

    server.controller.on_server_ready.add(say)
    server.start(host=host, port=port, open_browser=False, show_connection_info=False, disable_logging=True, timeout=0)


def _client_id() -> str:
    return f"workbench-{socket.gethostname()}-{secrets.token_hex(2)}"


def _author() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in the system, as in some containers
        return "reader"


if __name__ == "__main__":
    sys.exit(main())
