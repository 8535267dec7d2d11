"""``lesionlab tasks``: what can be asked."""

from __future__ import annotations

import argparse

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import task_folders
from lesionlab.kinds import all_tasks

DESCRIPTION = "List the tasks: those that come with LesionLab and those of your own folders."
EXAMPLE = "lesionlab tasks --tasks ~/our-tasks --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace, output: Output) -> None:
    """List the tasks."""
    tasks = all_tasks(task_folders(args)).values()
    if args.json:
        keys = {"name", "kind", "title", "description", "modalities", "weights"}
        output.json([task.model_dump(mode="json", include=keys) for task in tasks])
        return
    width = max((len(task.name) for task in tasks), default=0)
    for task in tasks:
        output.line(f"{task.name:<{width}}  {task.kind:<9} {task.title}")
