"""``lesionlab study weak-labels``: painted masks against cheaper labels."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output
from lesionlab.cli.parsing import task_folders, whole
from lesionlab.errors import InputError
from lesionlab.kinds import find_task

DESCRIPTION = """Count the cases a detector needs with painted masks, spheres and doses, on phantoms.

Models are trained from random weights on rising numbers of simulated cases, with one kind of label each, and scored
against the truth: how many cases of each kind reach the same performance, and what they cost a reader. An interrupted
study goes on when it is started again with the same --out. Writes weak-labels.html and weak-labels.json there."""
EXAMPLE = "lesionlab study weak-labels nodule_ct --out runs/weak --processes 2"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("task", metavar="TASK", help="a detector whose phantom has masks")
    parser.add_argument("--out", metavar="DIR", required=True, type=Path, help="the study's own folder")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--settings", metavar="FILE", type=Path, help="a YAML file: cases, counts, seeds, time ...")
    how.add_argument("--quick", action="store_true", help="so little that it only shows that everything runs")
    parser.add_argument(
        "--processes", metavar="N", type=whole(1, 256), default=1, help="models at a time, a core each (default: 1)"
    )


def run(args: argparse.Namespace, output: Output) -> None:
    """Simulate, compare, write."""
    task = find_task(args.task, task_folders(args))
    if args.out.exists() and not args.out.is_dir():
        raise InputError("--out is not a folder", got=str(args.out), expected="a folder, or a new name")

    from lesionlab.studies.report import write_page
    from lesionlab.studies.simulating import read_settings
    from lesionlab.studies.weak_labels import WeakSettings, labels_of, simulate
    from lesionlab.studies.weak_labels_curves import label_seconds, study
    from lesionlab.studies.weak_labels_page import figures, page

    settings = WeakSettings.quick() if args.quick else WeakSettings()
    if args.settings is not None:
        settings = read_settings(WeakSettings, args.settings)
    with output.progress() as report:
        trained = simulate(task, settings, args.out, args.processes, report)
    found = study(trained, label_seconds(args.out, labels_of(settings, args.out), settings.time))
    whole_page = page(task, settings, found)
    write_page(whole_page, args.out / "weak-labels.html")
    output.json(figures(task, settings, trained, found), str(args.out / "weak-labels.json"))
    for line in whole_page.lead:
        output.line(line)
    output.line(f"the report is in {args.out / 'weak-labels.html'}")
