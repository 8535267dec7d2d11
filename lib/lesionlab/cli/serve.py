"""``lesionlab serve``: the server."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import whole
from lesionlab.kinds import all_tasks

DESCRIPTION = "Serve all tasks on MONAI Label's routes, to 3D Slicer and any other MONAI Label client."
EXAMPLE = "lesionlab serve --studies studies --port 8000"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--studies", metavar="DIR", default="studies", help="folder of images (default: studies)")
    parser.add_argument(
        "--host", metavar="H", default="127.0.0.1", help="address to listen at (default: this machine only)"
    )
    parser.add_argument("--port", metavar="P", type=whole(1, 65535), default=8000, help="TCP port (default: 8000)")
    parser.add_argument(
        "--insecure-no-auth", action="store_true", help="let everybody in who can connect, without a token"
    )
    parser.add_argument("--max-upload-mb", metavar="N", type=whole(1), help="largest upload, MiB")


def run(args: argparse.Namespace, output: Output) -> None:
    """Serve until interrupted."""
    folders = tuple(Path(folder) for folder in getattr(args, "tasks", []))
    all_tasks(folders)  # a wrong task file is told at once, not at the first request

    # MONAI Label looks for dcmqi's programs on PATH, and downloads them when they are not there.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

    from lesionlab.server.launch import serve

    logging.getLogger().setLevel(logging.INFO)
    output.line(f"LesionLab serves {args.studies} at http://{args.host}:{args.port} (Ctrl-C stops it)")
    serve(
        args.studies,
        args.host,
        args.port,
        folders,
        insecure_no_auth=args.insecure_no_auth,
        max_upload_mb=args.max_upload_mb,
    )
