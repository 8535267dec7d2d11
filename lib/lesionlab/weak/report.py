"""Measurements of a DICOM structured report (TID 1500) as weak labels. ``report_write`` writes them.

Read by walking the tree of content items, so that reports of other programs are read too: regions in patient
coordinates (SCOORD3D), and regions on an image (SCOORD), for which the image's headers are needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray
from lesionlab.image.reading import reading
from lesionlab.weak.label import WeakLabel
from lesionlab.weak.regions import Drawn, label_of

if TYPE_CHECKING:
    from pydicom import Dataset

_GROUP = "125007"  # DCM Measurement Group
_TRACKING = "112039"  # DCM Tracking Identifier
_OBSERVER = "121008"  # DCM Person Observer Name
_SEGMENT = "121191"  # DCM Referenced Segment
_DIAMETERS = ("81827009", "103339001", "410668003", "G-D7FE", "M-02550", "103355008", "G-A185")
_SHORT_AXES = ("103340004", "G-A186")
_VOLUMES = ("118565006", "G-D705")
_MM = {"mm": 1.0, "cm": 10.0, "um": 0.001, "m": 1000.0}
_MM3 = {"mm3": 1.0, "cm3": 1000.0, "ml": 1000.0, "mL": 1000.0, "l": 1e6}


@dataclass(frozen=True)
class Finding:
    """One group of measurements.

    Attributes:
        label: where it lies, or None when the report draws nothing (it may point to a segment instead).
        name: the tracking identifier.
        diameter_mm: the longest diameter as reported, or None.
        volume_mm3: as reported, or None.
        segment: SOP instance UID of a DICOM SEG and the segment's number, or None.
    """

    label: WeakLabel | None
    name: str = ""
    diameter_mm: float | None = None
    volume_mm3: float | None = None
    segment: tuple[str, int] | None = None


def read_report(path: Path, image: str = "", source: Sequence[Dataset] = ()) -> tuple[Finding, ...]:
    """Read every measurement group of a report.

    Args:
        path: the file.
        image: what the labels are said to be of.
        source: headers of the images, for regions that are given in pixels.

    Raises:
        InputError: the file is no structured report, or broken, or a region lies on an image that is not in ``source``.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    slices = {str(one.SOPInstanceUID): one for one in source}
    with reading(path, "a DICOM structured report", InvalidDicomError):
        dataset = pydicom.dcmread(path)
        if "ContentSequence" not in dataset or dataset.get("Modality") != "SR":
            raise ValueError(f"Modality is {dataset.get('Modality')!r}, not 'SR'")
        items = list(_walk(dataset))
        observer = next((str(item.PersonName) for item in items if _code(item) == _OBSERVER), None)
        shared = {"image": image, "patient": str(dataset.get("PatientID", "")), "reader": observer}
        groups = [item for item in items if _code(item) == _GROUP and item.ValueType == "CONTAINER"]
        parsed = [(list(_walk(group)), number) for number, group in enumerate(groups, start=1)]
    return tuple(_finding(path, content, number, shared, slices) for content, number in parsed)


def _finding(
    path: Path, content: list[Dataset], number: int, shared: dict[str, Any], slices: Mapping[str, Dataset]
) -> Finding:
    place = f"{path}: measurement group {number}"
    with reading(path, "a DICOM structured report"):
        name = next((str(item.TextValue) for item in content if _code(item) == _TRACKING), "")
        diameter = _largest(content, _DIAMETERS, _MM)
        volume = _largest(content, _VOLUMES, _MM3)
        segments = [item.ReferencedSOPSequence[0] for item in content if _code(item) == _SEGMENT]
        segment = None
        if segments:
            # The attribute may hold several numbers; a group is of one.
            numbers = np.atleast_1d(np.asarray(segments[0].get("ReferencedSegmentNumber", 1), dtype=int))
            segment = (str(segments[0].ReferencedSOPInstanceUID), int(numbers[0]))
    drawn = [_drawn(item, place, slices) for item in content if item.ValueType in ("SCOORD", "SCOORD3D")]
    label = label_of(drawn, diameter, {**shared, "name": name}, place) if drawn else None
    return Finding(label, name, diameter, volume, segment)


def _walk(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        if "ValueType" in child:  # by-reference items have none
            yield child
            yield from _walk(child)


def _code(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue", "")) if names else ""


def _largest(content: list[Dataset], codes: Sequence[str], units: Mapping[str, float]) -> float | None:
    found = []
    for item in content:
        if item.ValueType == "NUM" and _code(item) in codes and item.get("MeasuredValueSequence"):
            value = item.MeasuredValueSequence[0]
            unit = str(value.MeasurementUnitsCodeSequence[0].CodeValue)
            if unit in units:
                found.append(float(value.NumericValue) * units[unit])
    return max(found, default=None)


def _drawn(item: Dataset, place: str, slices: Mapping[str, Dataset]) -> Drawn:
    if item.ValueType == "SCOORD3D":
        lps = np.asarray(item.GraphicData, dtype=float).reshape(-1, 3)
        return Drawn(str(item.GraphicType), lps * (-1.0, -1.0, 1.0), None)
    image = next((child for child in item.get("ContentSequence", []) if child.get("ValueType") == "IMAGE"), None)
    uid = "" if image is None else str(image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    if uid not in slices:
        raise InputError(
            f"{place} lies on an image that is not at hand",
            got=f"SOP instance {uid or 'unnamed'}",
            expected="one of the series",
            hint="name the folder of the DICOM series that was measured",
        )
    return _on_slice(item, slices[uid])


def _on_slice(item: Dataset, header: Dataset) -> Drawn:
    """Columns and rows count from the outer corner of the first pixel, whose centre is (0.5, 0.5)."""
    flat = np.asarray(item.GraphicData, dtype=float).reshape(-1, 2) - 0.5
    along_i, along_j = np.asarray(header.ImageOrientationPatient, dtype=float).reshape(2, 3)
    between_rows, between_columns = (float(x) for x in header.PixelSpacing)
    origin = np.asarray(header.ImagePositionPatient, dtype=float)
    lps = origin + flat[:, :1] * between_columns * along_i + flat[:, 1:] * between_rows * along_j
    flip: FloatArray = np.array([-1.0, -1.0, 1.0])
    return Drawn(str(item.GraphicType), lps * flip, np.cross(along_i, along_j) * flip)
