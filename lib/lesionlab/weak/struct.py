"""Radiotherapy structures (DICOM RTSTRUCT) as contours, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.geometry import Point
from lesionlab.image.reading import reading
from lesionlab.task import nearest
from lesionlab.weak.label import Contours, PointSize

if TYPE_CHECKING:
    from pydicom import Dataset

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


def read_struct(path: Path, structures: Sequence[str] = (), image: str = "") -> tuple[Contours | PointSize, ...]:
    """Read the structures of an RTSTRUCT: closed outlines as contours, single points as points.

    Args:
        path: the file.
        structures: names of those wanted; none means all that have outlines.
        image: what the labels are said to be of.

    Raises:
        NotFoundError: there is no structure of a wanted name.
        InputError: the file is no RTSTRUCT, or broken.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    with reading(path, "DICOM RTSTRUCT", InvalidDicomError):
        dataset = pydicom.dcmread(path)
        if dataset.get("Modality") != "RTSTRUCT":
            raise ValueError(f"Modality is {dataset.get('Modality')!r}, not 'RTSTRUCT'")
        names = {int(item.ROINumber): str(item.ROIName) for item in dataset.StructureSetROISequence}
        readers = {
            int(item.ReferencedROINumber): str(item.get("ROIInterpreter", "") or "")
            for item in dataset.get("RTROIObservationsSequence", [])
        }
        found: dict[str, list[Contours | PointSize]] = {name: [] for name in names.values()}
        for roi in dataset.get("ROIContourSequence", []):
            number = int(roi.ReferencedROINumber)
            shared: dict[str, Any] = {
                "image": image,
                "patient": str(dataset.get("PatientID", "")),
                "reader": readers.get(number) or None,
                "name": names[number],
            }
            found[names[number]] += _labels(roi, shared)
    for name in structures:
        if name not in found:
            raise NotFoundError(
                f"{path}: there is no such structure",
                got=name,
                expected=f"one of {', '.join(sorted(found))}",
                hint=nearest(name, sorted(found)),
            )
    return tuple(label for name, labels in found.items() if not structures or name in structures for label in labels)


def struct_dataset(labels: Sequence[Contours], source: Sequence[Dataset], title: str = "LesionLab") -> Dataset:
    """An RTSTRUCT of contours on a series.

    Args:
        labels: one structure each; its name, or its number when it has none.
        source: headers of the series that was outlined.
        title: the structure set's label, at most 16 characters.

    Raises:
        InputError: there are no labels or no headers.
    """
    if not labels or not source:
        raise InputError("nothing to write", got=f"{len(labels)} contours, {len(source)} slices", expected="both")
    dataset = _head(source[0], title[:16])
    frame = str(source[0].FrameOfReferenceUID)
    dataset.ReferencedFrameOfReferenceSequence = [_referenced(source, frame)]
    dataset.StructureSetROISequence = [
        _item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=frame,
            ROIName=(label.name or f"Contour {number}")[:64],
            ROIGenerationAlgorithm="",
        )
        for number, label in enumerate(labels, start=1)
    ]
    dataset.ROIContourSequence = [
        _item(ReferencedROINumber=number, ROIDisplayColor=[255, 0, 0], ContourSequence=_contours(label))
        for number, label in enumerate(labels, start=1)
    ]
    dataset.RTROIObservationsSequence = [
        _item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType="",
            ROIInterpreter=label.reader or "",
        )
        for number, label in enumerate(labels, start=1)
    ]
    return dataset


def _labels(roi: Dataset, shared: dict[str, Any]) -> list[Contours | PointSize]:
    contours: list[tuple[Point, ...]] = []
    points: list[Contours | PointSize] = []
    for item in roi.get("ContourSequence", []):
        places = np.asarray(item.ContourData, dtype=float).reshape(-1, 3) * (-1.0, -1.0, 1.0)
        corners = tuple((float(r), float(a), float(s)) for r, a, s in places)
        if item.ContourGeometricType == "POINT":
            points += [PointSize(point_mm=corner, **shared) for corner in corners]
        elif item.ContourGeometricType in _CLOSED and len(corners) >= 3:
            contours.append(corners)
    return [Contours(contours_mm=tuple(contours), **shared), *points] if contours else points


def _contours(label: Contours) -> list[Dataset]:
    return [
        _item(
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=len(contour),
            ContourData=[f"{value:.4f}" for r, a, s in contour for value in (-r, -a, s)],
        )
        for contour in label.contours_mm
    ]


def _head(first: Dataset, title: str) -> Dataset:
    from datetime import datetime

    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = RTStructureSetStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    for name in (
        "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID", "StudyDate",
        "StudyTime", "AccessionNumber", "ReferringPhysicianName",
    ):  # fmt: skip
        setattr(dataset, name, first.get(name, ""))
    now = datetime.now()
    dataset.Modality, dataset.Manufacturer, dataset.OperatorsName = "RTSTRUCT", "LesionLab", ""
    dataset.SeriesInstanceUID, dataset.SeriesNumber, dataset.InstanceNumber = generate_uid(), 1, 1
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = first.FrameOfReferenceUID, ""
    dataset.StructureSetLabel = title
    dataset.StructureSetDate, dataset.StructureSetTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    dataset.ApprovalStatus = "UNAPPROVED"
    return dataset


def _referenced(source: Sequence[Dataset], frame: str) -> Dataset:
    images = [
        _item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID) for one in source
    ]
    series = _item(SeriesInstanceUID=source[0].SeriesInstanceUID, ContourImageSequence=images)
    study = _item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",  # the retired study class, which the standard still asks for
        ReferencedSOPInstanceUID=source[0].StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return _item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])


def _item(**values: object) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return item
