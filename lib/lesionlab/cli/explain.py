"""``lesionlab explain``: why a task answered as it did."""

from __future__ import annotations

import argparse
from pathlib import Path

from lesionlab.cli.asking import add_question, check_point, params_of
from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, add_model, model_folders, task_folders, whole
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.kind import METHODS

DESCRIPTION = "Show what in an image made a task answer as it did, as a heat map on the image's own lattice."
EXAMPLE = "lesionlab explain nodule_ct chest.nii.gz --method gradcam --out heat.nii.gz --json -"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_question(parser)
    parser.add_argument("--method", required=True, choices=METHODS, help="how to explain")
    parser.add_argument("--class", dest="class_name", metavar="NAME", help="of a classifier, the class to explain")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the heat map on the image's own lattice")
    parser.add_argument(
        "--marks", metavar="FILE", type=Path, help="a reader's mask of the image: how far the heat map agrees with it"
    )
    parser.add_argument("--no-checks", action="store_true", help="leave the checks of the heat map out, to be quicker")
    parser.add_argument("--seed", metavar="N", type=whole(0), default=0, help="of random numbers (default: 0)")
    add_json(parser)
    add_model(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Read the image, explain the task's answer, write the heat map."""
    task = find_task(args.task, task_folders(args))
    folders = model_folders(args, task.name)
    check_targets({"--out": args.out, "--json": args.json})

    import numpy as np

    from lesionlab.image.files import read_volume, write_volume
    from lesionlab.image.volume import Volume
    from lesionlab.predict import Predictor

    volume = read_volume(args.image)
    marks = None if args.marks is None else read_volume(args.marks)
    kind = kind_of(task)
    check_point(args, task, kind.explain_type)
    params = params_of(args, volume.geometry)
    if args.class_name is not None:
        params["class_name"] = args.class_name
    request = kind.explain_request(task, params, volume.geometry)
    rng = np.random.default_rng(args.seed)
    with output.progress() as report:
        predictor = Predictor(folders)
        found = predictor.explain(task, volume, request, args.method, rng, not args.no_checks, report)
    summary = found.summary()
    if marks is not None:
        summary = {**summary, "agreement": found.agreement(marks)}
    if args.out is not None:
        write_volume(Volume.zeros(volume.geometry, np.float32).paste(found.heat), args.out)
    if args.json is not None:
        output.json(summary, args.json)
    else:
        output.line(", ".join(f"{key} {value}" for key, value in summary.items() if key != "checks"))
