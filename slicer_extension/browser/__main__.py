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
from pathlib import Path

from trame.app import get_server

from browser.guard import protect
from browser.workbench import Workbench, serve
from LesionLabLib.workflow.state import Settings


def main() -> int:
    """Serve until interrupted; the first line on standard output is the page's address."""
    parser = argparse.ArgumentParser(prog="python -m browser", description="The LesionLab workbench.")
    parser.add_argument("--server", default="", metavar="URL", help="LesionLab server to connect to")
    parser.add_argument("--host", default="127.0.0.1", metavar="H")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="TCP port; 0 takes a free one")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="holds the LesionLab server's token")
    args = parser.parse_args()
    token = args.token_file.read_text(encoding="utf-8").strip() if args.token_file else ""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sys.argv = sys.argv[:1]  # trame reads the rest of the command line too, and means other things by it
    with tempfile.TemporaryDirectory(prefix="lesionlab-workbench-") as folder:
        _serve(args, token, Path(folder))
    return 0


def _serve(args: argparse.Namespace, token: str, folder: Path) -> None:
    server = get_server("lesionlab-workbench", client_type="vue3")
    secret = secrets.token_urlsafe(18)
    protect(server, args.host, secret)
    workbench = Workbench(server, Settings(_client_id(), _author(), folder))
    serve(server, workbench, args.server, token or os.environ.get("LESIONLAB_TOKEN", ""))

    def say(**_: object) -> None:
        sys.stdout.write(f"http://{args.host}:{server.port}/index.html?secret={secret}\n")
        sys.stdout.flush()

    server.controller.on_server_ready.add(say)
    server.start(
        host=args.host, port=args.port, open_browser=False, show_connection_info=False, disable_logging=True, timeout=0
    )


def _client_id() -> str:
    return f"workbench-{socket.gethostname()}-{secrets.token_hex(2)}"


def _author() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in the system, as in some containers
        return "reader"


if __name__ == "__main__":
    sys.exit(main())
