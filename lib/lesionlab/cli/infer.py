"""``lesionlab infer``: ask a task about an image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lesionlab.cli.asking import add_question, check_point, params_of
from lesionlab.cli.output import Output, check_targets
from lesionlab.cli.parsing import add_json, add_model, model_folders, task_folders
from lesionlab.errors import InputError
from lesionlab.kinds import find_task, kind_of

if TYPE_CHECKING:
    from lesionlab.kinds.kind import Kind

DESCRIPTION = "Ask a task about an image: NIfTI, NRRD, MetaImage, a folder of a DICOM series, or PNG."
EXAMPLE = "lesionlab infer lesion_shape chest.nii.gz --point-mm -42.5 18 -101 --size-mm 14 --out mask.nii.gz --json -"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_question(parser)
    parser.add_argument(
        "--shape", action="store_true", help="of a detector's candidates, the masks and measurements too"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the mask on the image's own lattice")
    add_json(parser)
    add_model(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Read the image, ask the task, write what it answers."""
    task = find_task(args.task, task_folders(args))
    folders = model_folders(args, task.name)
    check_targets({"--out": args.out, "--json": args.json})

    from lesionlab.image.files import read_volume, write_volume
    from lesionlab.image.volume import Volume
    from lesionlab.predict import Predictor

    volume = read_volume(args.image)
    kind = kind_of(task)
    check_point(args, task, kind.request_type)
    params = params_of(args, volume.geometry)
    if args.shape:
        params["shape"] = True
    request = kind.request_from_monailabel(task, params, volume.geometry)
    with output.progress() as report:
        result = Predictor(folders).predict(task, volume, request, report)
    if args.out is not None:
        if result.label is None:
            raise InputError("the answer holds no mask", got=f"--out {args.out}", hint=_no_mask(kind, args))
        write_volume(Volume.zeros(volume.geometry).paste(result.label), args.out)
    if args.json is not None:
        output.json(result.summary(), args.json)
    else:
        output.line(", ".join(f"{key} {value}" for key, value in result.summary().items()))


def _no_mask(kind: Kind, args: argparse.Namespace) -> str:
    if args.shape:
        return "there is no candidate to make a mask of"
    return "add --shape" if "shape" in kind.request_type.model_fields else "leave --out out"
