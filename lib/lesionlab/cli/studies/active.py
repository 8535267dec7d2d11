"""``lesionlab study active``: which cases to label first."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import task_folders, whole
from lesionlab.errors import InputError
from lesionlab.kinds import find_task, kind_of

DESCRIPTION = """Simulate annotation on a phantom cohort, strategy by strategy, and draw the learning curves.

A strategy names the next cases, their labels are revealed, a version is trained and scored on test cases, and so on until
the whole pool is labelled; repeated with other pools. An interrupted study goes on when it is started again with the same
--out. Writes active.html, active.png and active.json there."""
EXAMPLE = "lesionlab study active lesion_shape --settings study.yaml --out runs/active --processes 2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a task whose kind can look at unlabelled images (shape, detect)")
    parser.add_argument("--out", metavar="DIR", required=True, type=Path, help="the study's own folder")
    parser.add_argument(
        "--settings", metavar="FILE", type=Path, help="a YAML file: cohort, labels, strategies, seeds ..."
    )
    parser.add_argument(
        "--processes",
        metavar="N",
        type=whole(1, 256),
        default=1,
        help="simulations at a time, a core each (default: 1)",
    )


def run(args: argparse.Namespace, output: Output) -> None:
    """Simulate, compare, write."""
    task = find_task(args.task, task_folders(args))
    if args.out.exists() and not args.out.is_dir():
        raise InputError("--out is not a folder", got=str(args.out), expected="a folder, or a new name")

    from lesionlab.kinds.exhibits import Plot
    from lesionlab.studies.active import ActiveSettings, simulate
    from lesionlab.studies.active_page import figures, page, write_picture
    from lesionlab.studies.report import write_page
    from lesionlab.studies.simulating import read_settings

    settings = ActiveSettings() if args.settings is None else read_settings(ActiveSettings, args.settings)
    with output.progress() as report:
        points = simulate(task, settings, args.out, args.processes, report)
    whole_page = page(points, settings, task, kind_of(task).metric, args.out)
    write_page(whole_page, args.out / "active.html")
    write_picture(next(one for one in whole_page.exhibits if isinstance(one, Plot)), args.out / "active.png")
    output.json(figures(points, settings, task, args.out), str(args.out / "active.json"))
    for line in whole_page.lead:
        output.line(line)
    output.line(f"the report is in {args.out / 'active.html'}")
