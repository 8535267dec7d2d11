"""``lesionlab study saliency``: whether a task's heat maps can be believed."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, add_model, model_folder, task_folders, whole
from lesionlab.kinds import find_task, kind_of

DESCRIPTION = """Check a task's heat maps on marked cases, for its model card.

Pointing game and overlap with the reader's marks, rank correlation with the map of random weights, deletion and insertion
curves, completeness of Deep SHAP."""
EXAMPLE = "lesionlab study saliency nodule_ct --data phantoms --method gradcam --json saliency.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a name that 'lesionlab tasks' lists")
    parser.add_argument("--data", metavar="DIR", required=True, type=Path, help="cases with points, sizes or masks")
    parser.add_argument(
        "--method", choices=("gradcam", "deepshap"), default="gradcam", help="how to explain (default: gradcam)"
    )
    parser.add_argument("--cases", metavar="N", type=whole(1), help="only the first N marked cases")
    parser.add_argument("--seed", metavar="N", type=whole(0), default=0, help="of random numbers (default: 0)")
    add_model(parser)
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Explain every case, check, sum up."""
    task = find_task(args.task, task_folders(args))
    folder = model_folder(args)
    check_targets({"--json": args.json})

    from lesionlab.studies.saliency import saliency, summary

    model = kind_of(task).load(task, folder)
    with output.progress() as report:
        rows = saliency(task, model, args.data, args.method, args.seed, args.cases, report)
    found = {"task": task.name, "model_version": model.version, "method": args.method, **summary(rows)}
    if args.json is not None:
        output.json(found, args.json)
    else:
        output.line(", ".join(f"{key} {value}" for key, value in found.items() if key != "table"))
