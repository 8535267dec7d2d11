"""``lesionlab dicom``: masks and measurements to and from DICOM."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lesionlab.cli.output import Output, check_target
from lesionlab.cli.parsing import add_json, existing_folder, number
from lesionlab.errors import InputError

if TYPE_CHECKING:
    from lesionlab.image.volume import Volume
    from lesionlab.store.dicom_series import Series

DESCRIPTION = """Masks and measurements to and from DICOM.

  seg     a mask on a DICOM series -> DICOM SEG
  report  a mask on a DICOM series -> structured report (TID 1500): place, diameter and volume of each lesion
  mask    DICOM SEG, RTSTRUCT, RTDOSE, structured report or Slicer markups -> a mask on the series
  labels  RTSTRUCT or structured report -> weak labels, as Slicer markups (--out) or JSON (--json)"""
EXAMPLE = "lesionlab dicom seg mask.nii.gz --series ct --out seg.dcm --name nodule"

ACTIONS = ("seg", "report", "mask", "labels")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("action", metavar="ACTION", choices=ACTIONS, help=", ".join(ACTIONS))
    parser.add_argument("file", metavar="FILE", type=Path, help="what is read: a mask, or a DICOM file")
    parser.add_argument("--series", metavar="DIR", help="the folder of the DICOM series that was marked")
    parser.add_argument("--out", metavar="FILE", type=Path, help="what is written")
    parser.add_argument(
        "--name",
        metavar="NAME",
        action="append",
        default=[],
        help="seg: name of a segment, in the order of the mask's values; mask, labels: the structure or segment wanted; repeatable",
    )
    parser.add_argument("--reader", metavar="NAME", default="", help="who drew or measured; a program when left out")
    dose = parser.add_mutually_exclusive_group()
    dose.add_argument("--dose-percent", metavar="P", type=number("percent", above=0), help="isodose of an RTDOSE")
    dose.add_argument("--dose-gy", metavar="D", type=number("Gy", above=0), help="isodose of an RTDOSE")
    add_json(parser)


def run(args: argparse.Namespace, output: Output) -> None:
    """Read, convert, write."""
    from lesionlab.store.dicom_series import open_series

    if args.action != "labels" and (args.series is None or args.out is None):
        raise InputError(f"'lesionlab dicom {args.action}' needs more", expected="--series DIR and --out FILE")
    if args.out is not None:
        check_target(args.out, "--out")
    series = None if args.series is None else open_series(existing_folder(args.series, "--series"))
    if args.action == "labels":
        _labels(args, series, output)
        return
    assert series is not None
    {"seg": _seg, "report": _report, "mask": _mask}[args.action](args, series, output)


def _seg(args: argparse.Namespace, series: Series, output: Output) -> None:
    import numpy as np

    from lesionlab.image.files import read_volume
    from lesionlab.store.dicom_seg import seg_dataset

    mask = read_volume(args.file)
    values = [int(value) for value in np.unique(mask.array) if value != 0]
    if len(args.name) > len(values):
        raise InputError("more names than segments", got=f"{len(args.name)} names", expected=f"at most {len(values)}")
    dataset = seg_dataset(mask, series, dict(zip(values, args.name, strict=False)), args.reader)
    dataset.save_as(args.out, enforce_file_format=True)
    _done(args, output, {"segments": [str(item.SegmentLabel) for item in dataset.SegmentSequence]})


def _report(args: argparse.Namespace, series: Series, output: Output) -> None:
    from lesionlab.image.files import read_volume
    from lesionlab.store.dicom_report import findings_of
    from lesionlab.store.dicom_series import onto
    from lesionlab.weak.report_write import report_dataset

    findings = findings_of(onto(read_volume(args.file), series.geometry), args.reader or None)
    report_dataset(findings, series.headers, args.reader).save_as(args.out, enforce_file_format=True)
    _done(args, output, {"findings": [asdict(finding) for finding in findings]})


def _mask(args: argparse.Namespace, series: Series, output: Output) -> None:
    from lesionlab.image.files import write_volume

    mask = _drawn(args, series)
    write_volume(mask, args.out)
    voxels = int((mask.array > 0).sum())
    _done(args, output, {"voxels": voxels, "volume_mm3": voxels * mask.geometry.voxel_volume_mm3})


def _drawn(args: argparse.Namespace, series: Series) -> Volume:
    import numpy as np

    from lesionlab.image.volume import Volume
    from lesionlab.store.dicom_seg import is_seg, label_map, read_seg
    from lesionlab.store.weak_files import read_weak_file
    from lesionlab.weak.target import image_target

    if is_seg(args.file):
        found = read_seg(args.file, series.geometry)
        chosen = tuple(one for one in found if not args.name or one.name in args.name)
        if not chosen:
            raise InputError(
                "there is no such segment", got=", ".join(args.name), expected=", ".join(one.name for one in found)
            )
        return label_map(chosen)
    labels = read_weak_file(args.file, wanted=_wanted(args), source=series.headers)
    share = image_target(labels, series.geometry).voxels.array
    return Volume((share >= 0.5).astype(np.uint8), series.geometry)


def _labels(args: argparse.Namespace, series: Series | None, output: Output) -> None:
    from lesionlab.store.weak_files import read_weak_file
    from lesionlab.weak.markups_write import write_markups

    headers = () if series is None else series.headers
    labels = read_weak_file(args.file, wanted=_wanted(args), source=headers)
    if args.out is not None:
        write_markups(args.out, labels)
    _done(args, output, {"labels": [{"type": type(one).__name__, **_plain(asdict(one))} for one in labels]})


def _wanted(args: argparse.Namespace) -> Any:
    from lesionlab.store.weak_files import Wanted

    if args.dose_gy is not None:
        return Wanted(tuple(args.name), args.dose_gy, "gy")
    return Wanted(tuple(args.name), args.dose_percent or 50.0)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}


def _done(args: argparse.Namespace, output: Output, content: dict[str, Any]) -> None:
    if args.json is not None:
        output.json(content, args.json)
    if args.out is not None and args.json != "-":
        output.line(f"wrote {args.out}")
