"""``lesionlab versions``: what was trained on a studies folder, and which version answers."""

from __future__ import annotations

import argparse

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import existing_folder, task_folders
from lesionlab.kinds import find_task, kind_of
from lesionlab.store.house import House
from lesionlab.store.versions import SHIPPED, Version, Versions

DESCRIPTION = (
    "List the versions of a task that were trained on a studies folder, newest first, and what each was made of.\n"
    "--use lets one answer from now on; a running server follows within seconds. 'shipped' is the one that came with it."
)
EXAMPLE = "lesionlab versions lesion_shape --studies studies --use v2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("--studies", metavar="DIR", required=True, help="the folder that the server serves")
    parser.add_argument("--use", metavar="VERSION", help="let this version answer from now on")
    parser.add_argument("--json", action="store_true", help="everything that is recorded, as JSON")


def run(args: argparse.Namespace, output: Output) -> None:
    """List the versions, or choose one."""
    task = find_task(args.task, task_folders(args))
    studies = existing_folder(args.studies, "--studies")
    versions = Versions(House.of(str(studies)).models)
    if args.use is not None:
        kind_of(task).load(task, versions.folder(task.name, args.use))  # refuses what could not answer
        versions.use(task.name, args.use, "chosen on the command line")
    current, trained = versions.current(task.name), versions.all(task.name)
    if args.json:
        output.json([{**version.model_dump(mode="json"), "current": version.version == current} for version in trained])
        return
    for version in trained:
        output.line(_line(version, current))
    output.line(f"{_mark(SHIPPED, current)} {SHIPPED:<8} the weights that came with the program")


def _line(version: Version, current: str) -> str:
    when = version.created.astimezone().strftime("%Y-%m-%d %H:%M")
    parent = "scratch" if version.parent is None else version.parent
    labels = f"{len(version.labels)} labels"
    return f"{_mark(version.version, current)} {version.version:<8} {when}, from {parent}, {labels}; {version.comparison.reason}"


def _mark(version: str, current: str) -> str:
    return "*" if version == current else " "
