"""``lesionlab study shift``: one task across sites or scanners."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, existing_folder, task_folders, whole
from lesionlab.errors import InputError
from lesionlab.kinds import find_task

DESCRIPTION = """See how a model fares at other sites, how far these lie apart, and what helps.

Each site is a datastore with truth. Without --model the shipped weights are asked, and the first site is the one that
the others are held against; with --model the matrix has a row for each site that a model was trained at. Remedies that
are tried: histogram standardisation, batch-norm adaptation, and with --retrain training on copies of the images as other
scanners might have made them."""
EXAMPLE = "lesionlab study shift malignancy_us --data kyoto=studies/kyoto --data osaka=studies/osaka --out shift.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a task of the kinds classify, detect or shape")
    parser.add_argument("--data", metavar="SITE=DIR", action="append", default=[], help="a site; give two or more")
    parser.add_argument(
        "--model",
        metavar="SITE=DIR",
        action="append",
        default=[],
        help="a model that was trained at a site; repeatable",
    )
    parser.add_argument(
        "--retrain",
        metavar="EPOCHS",
        type=whole(1),
        help="train so many epochs at each model's site, with and without copies as of other scanners (slow)",
    )
    parser.add_argument("--seed", metavar="S", type=whole(0), default=0, help="of --retrain (default: 0)")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the report, one HTML page")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Score, measure, try, write."""
    task = find_task(args.task, task_folders(args))
    sites, models = _named(args.data, "--data"), _named(args.model, "--model")
    if len(sites) < 2:
        raise InputError(
            "one site shows no shift", got=f"{len(sites)} --data", expected="--data SITE=DIR at least twice"
        )
    check_targets({"--out": args.out, "--json": args.json})

    from lesionlab.kinds.kind import TrainOptions
    from lesionlab.studies.remedies import Site
    from lesionlab.studies.report import write_page
    from lesionlab.studies.shift import Trained, study_shift
    from lesionlab.studies.shift_page import page

    rows = [Trained(name, folder) for name, folder in models.items()] or [Trained(next(iter(sites)), None)]
    retrain = None if args.retrain is None else TrainOptions(args.retrain, args.seed, fresh=True)
    with output.progress() as report:
        study = study_shift(task, [Site(name, folder) for name, folder in sites.items()], rows, retrain, report)
    write_page(page(task, study), args.out)
    if args.json is not None:
        output.json(study.json(), args.json)
    if args.json != "-":
        output.line(f"the report is in {args.out}")


def _named(given: list[str], option: str) -> dict[str, Path]:
    """Site -> folder.

    Raises:
        InputError: it is not of that form, a name comes twice, or a folder does not exist.
    """
    found: dict[str, Path] = {}
    for text in given:
        name, sign, folder = text.partition("=")
        if not (name.strip() and sign and folder):
            raise InputError(
                f"{option} is not of the form SITE=DIR", got=text, expected=f"such as {option} kyoto=studies/kyoto"
            )
        if name.strip() in found:
            raise InputError(f"{option} names a site twice", got=name.strip())
        found[name.strip()] = existing_folder(folder, option)
    return found
