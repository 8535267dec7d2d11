"""``lesionlab study readers``: a model against readers."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, add_model, existing_folder, model_folder, number, task_folders
from lesionlab.errors import InputError
from lesionlab.kinds import find_task, kind_of

DESCRIPTION = """Hold a model against readers of the same images.

Areas under the ROC curve (DeLong; Obuchowski-Rockette for several readers), sensitivity and specificity, net
reclassification, and the images where model and readers are right or wrong. READERS is a CSV file with the columns
image, reader, score: one line for each reading, the higher the score the more likely diseased. Readers need not have
scored every image. A fourth column, model, says yes where the reader saw the model's answer: such readings are held
against the same reader's without it."""
EXAMPLE = "lesionlab study readers malignancy_us --data studies --readers readers.csv --positive 4 --out readers.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "task", metavar="TASK", help="a task that tells diseased from healthy images (classify, detect)"
    )
    parser.add_argument("--data", metavar="DIR", required=True, help="the datastore, with the truth in cases.csv")
    parser.add_argument("--readers", metavar="CSV", type=Path, required=True, help="the readers' scores")
    parser.add_argument(
        "--positive",
        metavar="SCORE",
        type=number("the readers' scores"),
        help="from which score on a reader calls disease (default: 0.5, for scores between 0 and 1)",
    )
    add_model(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="the report, one HTML page")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Rate, compare, write."""
    from dataclasses import asdict

    from lesionlab.store.cases import read_cases

    task = find_task(args.task, task_folders(args))
    data = existing_folder(args.data, "--data")
    model_dir = model_folder(args)
    check_targets({"--out": args.out, "--json": args.json})
    if not args.readers.is_file():
        raise InputError("--readers is not a file", got=str(args.readers), expected="a CSV file that exists")

    from lesionlab.studies.readers import positive_score, study_readers
    from lesionlab.studies.readers_page import page
    from lesionlab.studies.readings import read_readings
    from lesionlab.studies.report import write_page

    cases = read_cases(data)
    readings = read_readings(args.readers, [case.image.name for case in cases])
    positive = positive_score(readings, args.positive)
    kind = kind_of(task)
    model = kind.load(task, model_dir)
    with output.progress() as report:
        ratings = kind.ratings(task, model, cases, report)
    study = study_readers(ratings, readings, positive)
    write_page(page(task, data, study, cases, model.version), args.out)
    if args.json is not None:
        # Readings that do not say so were made without the model, as in the file.
        figures = asdict(study, dict_factory=lambda pairs: dict(pair for pair in pairs if pair != ("aided", False)))
        output.json(figures, args.json)
    if args.json != "-":
        output.line(f"the report is in {args.out}")
