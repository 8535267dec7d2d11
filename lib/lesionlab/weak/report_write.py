"""Weak labels and measurements as a DICOM structured report (Comprehensive 3D SR, TID 1500)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lesionlab import __version__
from lesionlab.errors import InputError
from lesionlab.image.geometry import FloatArray, Point
from lesionlab.weak.label import Circle, Ellipsoid, PointSize, RecistLine, Sphere
from lesionlab.weak.report import Finding
from lesionlab.weak.target import across

if TYPE_CHECKING:
    from pydicom import Dataset

_SEG = "1.2.840.10008.5.1.4.1.1.66.4"  # Segmentation Storage
_FLIP = np.array([-1.0, -1.0, 1.0])


def report_dataset(
    findings: Sequence[Finding], source: Sequence[Dataset], reader: str = "", further: Sequence[Dataset] = ()
) -> Dataset:
    """A report of findings on a series.

    Args:
        findings: each becomes one measurement group.
        source: headers of the series that was measured.
        reader: who measured; without a name the report says that a program did.
        further: the DICOM SEG objects that findings point to.

    Raises:
        InputError: there is nothing to report, or a label has no place in a report.
    """
    from highdicom import UID, sr
    from pydicom.sr.codedict import codes

    if not findings or not source:
        raise InputError("nothing to report", got=f"{len(findings)} findings, {len(source)} slices", expected="both")
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_person_context=_observer(reader)),
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=[_group(finding, number, source) for number, finding in enumerate(findings, start=1)],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=None,
    )
    return sr.Comprehensive3DSR(
        evidence=[*source, *further],
        content=content,
        series_instance_uid=UID(),
        series_number=401,
        sop_instance_uid=UID(),
        instance_number=1,
        manufacturer="LesionLab",
        is_complete=True,
        series_description="LesionLab measurements",
        software_versions=__version__,
    )


def _observer(reader: str) -> Any:
    from highdicom import UID, sr
    from pydicom.sr.codedict import codes

    if reader:
        return sr.ObserverContext(
            observer_type=codes.DCM.Person,
            observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(name=_person(reader)),
        )
    return sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(uid=UID(), name="LesionLab"),
    )


def _person(reader: str) -> str:
    """DICOM wants family and given name parted by ``^``."""
    return reader if "^" in reader else f"{reader}^"


def _group(finding: Finding, number: int, source: Sequence[Dataset]) -> Any:
    from highdicom import UID, sr
    from pydicom.sr.codedict import codes

    shared: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=UID(), identifier=finding.name or f"Lesion {number}"),
        "finding_type": codes.SCT.Lesion,
        "measurements": _measurements(finding, source),
    }
    frame = str(source[0].FrameOfReferenceUID)
    series = sr.SourceSeriesForSegmentation(str(source[0].SeriesInstanceUID))

    def volume(kind: str, points: Any) -> Any:
        lps = np.asarray(points, dtype=float).reshape(-1, 3) * _FLIP
        surface = sr.VolumeSurface(kind, lps, frame_of_reference_uid=frame, source_series=series)
        return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_volume_surface=surface, **shared)

    def plane(kind: str, points: Any) -> Any:
        lps = np.asarray(points, dtype=float).reshape(-1, 3) * _FLIP
        region = sr.ImageRegion3D(kind, lps, frame_of_reference_uid=frame)
        return sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **shared)

    match finding.label:
        case PointSize(point_mm=point):
            return volume("POINT", [point])
        case Sphere(center_mm=center, diameter_mm=diameter):
            return volume("ELLIPSOID", _ends(center, np.eye(3) * diameter / 2))
        case Ellipsoid(center_mm=center, half_axes_mm=axes):
            halves = _longest_first(np.asarray(axes, dtype=float))
            return (volume if len(axes) == 3 else plane)(
                "ELLIPSOID" if len(axes) == 3 else "ELLIPSE", _ends(center, halves)
            )
        case Circle(center_mm=center, normal=normal, diameter_mm=diameter):
            return plane("ELLIPSE", _ends(center, across(normal) * diameter / 2))
        case RecistLine():
            # A line is no region: each measurement carries its own coordinates (TID 1501), as web viewers write it.
            return sr.MeasurementsAndQualitativeEvaluations(**shared)
        case None if finding.segment is not None:
            segment = sr.ReferencedSegment(_SEG, *finding.segment, source_series=series)
            return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **shared)
        case _:
            raise InputError(
                "this label has no place in a report of measurements",
                got=type(finding.label).__name__,
                expected="a point, sphere, ellipsoid, circle or line",
                hint="write contours as RTSTRUCT and masks as DICOM SEG",
            )


def _measurements(finding: Finding, source: Sequence[Dataset]) -> list[Any]:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    made: list[Any] = []

    def add(name: Any, value: float, unit: Any, ends: Sequence[Point] = ()) -> None:
        frame = str(source[0].FrameOfReferenceUID)
        where = [sr.CoordinatesForMeasurement3D("POLYLINE", np.asarray(ends) * _FLIP, frame)] if ends else None
        made.append(sr.Measurement(name=name, value=float(f"{value:.10g}"), unit=unit, referenced_coordinates=where))

    match finding.label:
        case RecistLine(start_mm=start, end_mm=end, short_mm=short):
            add(codes.SCT.LongAxis, math.dist(start, end), codes.UCUM.Millimeter, (start, end))
            if short is not None:
                add(codes.SCT.ShortAxis, math.dist(*short), codes.UCUM.Millimeter, short)
        case Sphere(diameter_mm=size) | Circle(diameter_mm=size) | PointSize(size_mm=float(size)):
            add(codes.SCT.Diameter, size, codes.UCUM.Millimeter)
        case _ if finding.diameter_mm is not None:
            add(codes.SCT.Diameter, finding.diameter_mm, codes.UCUM.Millimeter)
    if finding.volume_mm3 is not None:
        add(codes.SCT.Volume, finding.volume_mm3, codes.UCUM.CubicMillimeter)
    return made


def _ends(center: Point, halves: FloatArray) -> FloatArray:
    """Both ends of each axis, in pairs."""
    middle = np.asarray(center, dtype=float)
    return np.array([middle + sign * half for half in halves for sign in (-1, 1)])


def _longest_first(halves: FloatArray) -> FloatArray:
    return halves[np.argsort(-np.linalg.norm(halves, axis=1), kind="stable")]
