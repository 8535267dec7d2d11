"""Masks as DICOM SEG, and back, through highdicom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lesionlab import __version__
from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.image.reading import reading
from lesionlab.image.volume import Volume
from lesionlab.store.dicom_series import Series, onto

if TYPE_CHECKING:
    from pydicom import Dataset

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Segment:
    """One segment of a DICOM SEG: its number, its name, and its mask (uint8 0/1)."""

    number: int
    name: str
    mask: Volume


def seg_dataset(mask: Volume, series: Series, names: Mapping[int, str] | None = None, reader: str = "") -> Dataset:
    """A DICOM SEG of a mask, in the study and frame of reference of the series; frames without a voxel are left out.

    Args:
        mask: whole numbers, 0 is background; each other value becomes a segment, in ascending order.
        series: what was segmented; the mask lies on its voxels, its axes in any order.
        names: of the values; "Lesion" and the value when missing.
        reader: who drew it; without a name the object says that a program did.

    Raises:
        InputError: the mask is empty, or does not lie on the voxels of the series.
    """
    import highdicom as hd

    values = [int(value) for value in np.unique(mask.array) if value != 0]
    if not values:
        raise InputError("the mask is empty", expected="at least one voxel")
    placed = onto(mask, series.geometry).array
    numbers = np.zeros(placed.shape, dtype=np.uint8 if len(values) < 256 else np.uint16)
    for number, value in enumerate(values, start=1):
        numbers[placed == value] = number
    named = names or {}
    return hd.seg.Segmentation(
        source_images=list(series.headers),
        pixel_array=_volume(numbers, series),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, named.get(value, "Lesion" if len(values) == 1 else f"Lesion {value}"), reader)
            for number, value in enumerate(values, start=1)
        ],
        series_instance_uid=hd.UID(),
        series_number=400,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="LesionLab",
        manufacturer_model_name="LesionLab",
        software_versions=__version__,
        device_serial_number="1",
        content_creator_name=(reader if "^" in reader else f"{reader}^") if reader else None,
        series_description="LesionLab segmentation",
        content_label="LESIONS",
        omit_empty_frames=True,
    )


def is_seg(path: Path) -> bool:
    """Whether a file is a DICOM SEG."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        return bool(pydicom.dcmread(path, specific_tags=["Modality"], stop_before_pixels=True).get("Modality") == "SEG")
    except (InvalidDicomError, OSError):
        return False


def read_seg(path: Path, lattice: Geometry | None = None) -> tuple[Segment, ...]:
    """The segments of a DICOM SEG, by number; they may overlap. Fractions count from one half.

    Args:
        path: the file.
        lattice: of the image that was segmented; without it, masks lie on the box of slices that the object holds.

    Raises:
        InputError: the file is no DICOM SEG, broken, or does not lie on the voxels of the image.
    """
    import highdicom as hd
    from pydicom.errors import InvalidDicomError

    with reading(path, "DICOM SEG", InvalidDicomError):
        seg = hd.seg.segread(path)
        found: Any = seg.get_volume(combine_segments=False)
        names = {int(number): str(seg.get_segment_description(number).segment_label) for number in seg.segment_numbers}
        # (slice, row, column, segment) -> (i, j, k), and the columns of the affine likewise.
        array = np.asarray(found.array).transpose(2, 1, 0, 3)
        affine = np.asarray(found.affine, dtype=float)[:, [2, 1, 0, 3]]
    i, j, k, _ = array.shape
    geometry = Geometry.from_lps((i, j, k), affine)
    segments = []
    for place, (number, name) in enumerate(names.items()):
        mask = Volume((array[..., place] >= _HALF).astype(np.uint8), geometry)
        segments.append(Segment(number, name, mask if lattice is None else onto(mask, lattice, str(path))))
    return tuple(segments)


def label_map(segments: tuple[Segment, ...]) -> Volume:
    """All segments in one mask, each voxel with the number of its segment.

    Raises:
        InputError: there is no segment, or two overlap.
    """
    if not segments:
        raise InputError("the object has no segment", expected="at least one")
    covered = np.sum([segment.mask.array for segment in segments], axis=0)
    if covered.max() > 1:
        raise InputError(
            "segments overlap and do not fit into one mask",
            got=f"{int((covered > 1).sum())} voxels in several segments",
            expected="segments that exclude each other",
            hint="ask for one segment by its name",
        )
    dtype = np.uint8 if max(segment.number for segment in segments) < 256 else np.uint16
    numbers = np.zeros(segments[0].mask.array.shape, dtype=dtype)
    for segment in segments:
        numbers[segment.mask.array > 0] = segment.number
    return Volume(numbers, segments[0].mask.geometry)


def _volume(numbers: Any, series: Series) -> Any:
    import highdicom as hd

    return hd.Volume(
        np.ascontiguousarray(numbers.transpose(2, 1, 0)),
        affine=series.geometry.affine_lps[:, [2, 1, 0, 3]],
        coordinate_system="PATIENT",
        frame_of_reference_uid=str(series.headers[0].FrameOfReferenceUID),
    )


def _description(number: int, name: str, reader: str) -> Any:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    algorithm = hd.AlgorithmIdentificationSequence(
        name="LesionLab", version=__version__, family=codes.DCM.ArtificialIntelligence
    )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name[:64],
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type="MANUAL" if reader else "AUTOMATIC",
        algorithm_identification=None if reader else algorithm,
        tracking_uid=hd.UID(),
        tracking_id=name,
    )
