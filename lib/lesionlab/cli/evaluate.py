"""``lesionlab evaluate``: score a task on cases with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output, check_target
from lesionlab.cli.parsing import add_json, existing_folder, task_folders
from lesionlab.kinds import find_task, kind_of

DESCRIPTION = "Score a task on a datastore whose labels/final holds the truth."
EXAMPLE = "lesionlab evaluate lesion_shape --data studies --model runs/ours --json -"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("--data", metavar="DIR", required=True, help="the datastore")
    parser.add_argument(
        "--model", metavar="DIR", help="a folder that 'lesionlab train' wrote, instead of the shipped weights"
    )
    add_json(parser, required=True)


def run(args: argparse.Namespace, output: Output) -> None:
    """Score, showing progress."""
    task = find_task(args.task, task_folders(args))
    data = existing_folder(args.data, "--data")
    model_dir = None if args.model is None else existing_folder(args.model, "--model")
    if args.json != "-":
        check_target(Path(args.json), "--json")
    kind = kind_of(task)
    with output.progress() as report:
        scores = kind.evaluate(task, kind.load(task, model_dir), data, report)
    output.json(scores, args.json)
