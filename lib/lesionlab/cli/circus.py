"""``lesionlab circus``: cases and labels from CIRCUS DB, and masks back."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import add_json, existing_folder, whole
from lesionlab.errors import InputError

DESCRIPTION = """Exchange cases and labels with CIRCUS DB.

  pull    cases from the server (--server), or of an exported archive (--archive), into a data folder
  push    changed masks of a data folder back, each as a new revision of its case

The token is taken from the environment variable LESIONLAB_CIRCUS_TOKEN, or from the file --token-file."""
EXAMPLE = "lesionlab circus pull --server https://circus.example.org --case 01hb3e7x --data studies"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", metavar="ACTION", choices=("pull", "push"), help="pull or push")
    parser.add_argument("--data", metavar="DIR", type=Path, required=True, help="the data folder; pull makes it")
    parser.add_argument("--server", metavar="URL", help="address of CIRCUS DB; push uses that of the pull by default")
    parser.add_argument("--token-file", metavar="FILE", type=Path, help="file that holds a permanent token")
    pull = parser.add_argument_group("pull")
    pull.add_argument("--case", metavar="ID", action="append", default=[], help="a case; repeatable")
    pull.add_argument("--project", metavar="ID", help="all cases of a project")
    pull.add_argument("--archive", metavar="FILE", type=Path, help="an exported archive (tgz or zip), without a server")
    pull.add_argument("--dicom", metavar="DIR", help="where the DICOM series lie: exact places in the patient")
    pull.add_argument("--revision", metavar="N", type=whole(0), help="a revision, from 0; the newest by default")
    push = parser.add_argument_group("push")
    push.add_argument(
        "--image", metavar="NAME", action="append", default=[], help="an image; repeatable (default: all)"
    )
    push.add_argument("--description", metavar="TEXT", default="Masks from LesionLab", help="of the revision")
    push.add_argument("--status", metavar="STATUS", help="of the revision; as before by default")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Pull or push."""
    if args.action == "push":
        _push(args, output)
    else:
        _pull(args, output)


def _pull(args: argparse.Namespace, output: Output) -> None:
    from lesionlab.store.circus_client import CircusClient, read_token
    from lesionlab.store.circus_pull import pull_archive, pull_cases

    dicom = None if args.dicom is None else existing_folder(args.dicom, "--dicom")
    if (args.archive is None) == (args.server is None):
        raise InputError("where from?", expected="either --archive FILE or --server URL")
    if args.archive is not None:
        found = pull_archive(args.archive, args.data, dicom)
    else:
        if bool(args.case) == bool(args.project):
            raise InputError("which cases?", expected="either --case ID (repeatable) or --project ID")
        with CircusClient(args.server, read_token(args.token_file)) as client:
            cases = args.case or list(client.cases_of(args.project))
            found = pull_cases(client, cases, args.data, dicom, args.revision)
    if args.json is not None:
        output.json(asdict(found), args.json)
    if args.json != "-":
        output.line(f"{len(found.images)} images, {found.masks} masks and {found.weak} weak labels are in {args.data}")
        for place in found.passed_over:
            output.line(f"passed over: {place}")


def _push(args: argparse.Namespace, output: Output) -> None:
    from lesionlab.store.circus_client import CircusClient, read_token
    from lesionlab.store.circus_push import push_masks
    from lesionlab.store.circus_record import read_record

    folder = existing_folder(str(args.data), "--data")
    server = args.server or read_record(folder).server
    if server is None:
        raise InputError("to which server?", expected="--server URL", hint="the images came from an archive")
    with CircusClient(server, read_token(args.token_file)) as client:
        done = push_masks(client, folder, args.image, args.description, args.status)
    if args.json is not None:
        output.json(asdict(done), args.json)
    if args.json != "-":
        output.line(f"{len(done.images)} masks pushed to {server}, {len(done.unchanged)} unchanged")
