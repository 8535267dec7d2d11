"""``lesionlab train``: train a task on your own cases."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, existing_folder, task_folders, whole
from lesionlab.errors import InputError
from lesionlab.kinds import find_task
from lesionlab.kinds.kind import TrainOptions

DESCRIPTION = (
    "Train a task on a datastore: images in the folder, masks in labels/final under the same names, classes, points and\n"
    "sizes in cases.csv, doses, contours and markups in labels/weak.\n"
    "An interrupted training resumes when it is started again with the same --out."
)
EXAMPLE = "lesionlab train lesion_shape --data studies --out runs/ours --epochs 20"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("--data", metavar="DIR", required=True, help="the datastore")
    parser.add_argument("--out", metavar="DIR", required=True, type=Path, help="where the model and its scores go")
    parser.add_argument("--epochs", metavar="N", type=whole(1), help="how long (default: the task's own number)")
    parser.add_argument("--seed", metavar="S", type=whole(0), default=0, help="of the random numbers (default: 0)")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--fresh",
        action="store_true",
        help="start from random weights (ImageNet where the task has them), not from the shipped ones",
    )
    begin.add_argument("--start", metavar="DIR", help="go on from the model that another training left in this folder")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="where to compute (default: a GPU when there is one)")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Train, showing progress."""
    task = find_task(args.task, task_folders(args))
    data = existing_folder(args.data, "--data")
    if args.out.exists() and not args.out.is_dir():
        raise InputError("--out is not a folder", got=str(args.out), expected="a folder, or a new name")
    check_targets({"--json": args.json})
    args.out.mkdir(parents=True, exist_ok=True)
    from lesionlab.learning.train import train

    start = existing_folder(args.start, "--start") if args.start else None
    options = TrainOptions(epochs=args.epochs, seed=args.seed, fresh=args.fresh, start=start, device=args.device)
    with output.progress() as report:
        scores = train(task, data, args.out, options, report)
    if args.json is not None:
        output.json(scores, args.json)
    else:
        output.line(f"the model is in {args.out}; use it with: lesionlab infer {task.name} IMAGE --model {args.out}")
