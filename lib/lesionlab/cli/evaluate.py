"""``lesionlab evaluate``: score a task on cases with truth, alone or against another model."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, add_model, existing_folder, task_folders
from lesionlab.errors import InputError
from lesionlab.kinds import find_task
from lesionlab.store.versions import SHIPPED

DESCRIPTION = """Score a task on a datastore whose labels/final or cases.csv holds the truth.

With --against, two models answer the same cases in one run and are compared in pairs."""
EXAMPLE = "lesionlab evaluate lesion_shape --data studies --model runs/ours --against shipped --html ours.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("--data", metavar="DIR", required=True, help="the datastore")
    add_model(parser)
    parser.add_argument("--against", metavar="DIR", help=f"a second such folder to compare with, or '{SHIPPED}'")
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="write a report for people: one page with its figures"
    )
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Score, showing progress."""
    task = find_task(args.task, task_folders(args))
    data = existing_folder(args.data, "--data")
    if args.json is None and args.html is None:
        raise InputError("nowhere to write", expected="--json FILE (- is standard output), --html FILE or both")
    check_targets({"--json": args.json, "--html": args.html})
    model = _model(args.model, "--model")
    against = None if args.against is None else _model(args.against, "--against")
    if against == model:
        raise InputError("the two models are the same", got=model[0], expected="another folder after --against")

    from lesionlab.studies.evaluation import evaluate
    from lesionlab.studies.report import write_page

    with output.progress() as report:
        found = evaluate(task, data, model, against, report)
    if args.html is not None:
        write_page(found.page(), args.html)
    if args.json is not None:
        output.json(found.json(), args.json)
    if args.html is not None and args.json != "-":
        output.line(f"the report is in {args.html}")


def _model(folder: str | None, option: str) -> tuple[str, Path | None]:
    """What people call a model, and where it lies."""
    if folder is None or (folder == SHIPPED and not Path(folder).exists()):
        return "the shipped model", None
    return folder, existing_folder(folder, option)
