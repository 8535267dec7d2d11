"""``lesionlab phantom``: write simulated cases with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import task_folders, whole
from lesionlab.errors import InputError
from lesionlab.kinds import find_task, kind_of

DESCRIPTION = "Write a simulated cohort with its truth, as a datastore that 'train' and 'evaluate' read."
EXAMPLE = "lesionlab phantom lesion_shape studies --cases 10 --seed 1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the datastore is written")
    parser.add_argument("--cases", metavar="N", type=whole(1), required=True, help="how many")
    parser.add_argument(
        "--seed", metavar="S", type=whole(0), default=0, help="the same seed gives the same cases (default: 0)"
    )
    parser.add_argument("--shift", metavar="NAME", help="as another scanner or site would give them")


def run(args: argparse.Namespace, output: Output) -> None:
    """Write the cases."""
    import numpy as np

    task = find_task(args.task, task_folders(args))
    if args.folder.exists() and not args.folder.is_dir():
        raise InputError("DIR is not a folder", got=str(args.folder), expected="a folder, or a new name")
    args.folder.mkdir(parents=True, exist_ok=True)
    kind_of(task).phantom(task, args.folder, args.cases, np.random.default_rng(args.seed), args.shift)
    output.line(f"{args.cases} simulated cases of {task.name} are in {args.folder}")
