"""From a DICOM dataset to its slices: pixel values in their real unit, and where each lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Geometry
from lesionlab.image.itk_file import grey
from lesionlab.image.reading import check_bytes, spatial, tidy
from lesionlab.image.volume import Array, Volume

if TYPE_CHECKING:
    from pydicom import Dataset

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice.

    Attributes:
        pixels: values (column i, row j).
        origin_lps: centre of the first pixel, mm; None for a projection, which has no place in the patient.
        along_i, along_j: unit vectors (LPS) in which columns and rows are counted.
        spacing_mm: distance of neighbouring columns, and of neighbouring rows.
        thickness_mm: what the file says about the distance of slices, None when nothing.
    """

    pixels: Array
    origin_lps: Vector | None
    along_i: Vector
    along_j: Vector
    spacing_mm: tuple[float, float]
    thickness_mm: float | None

    @property
    def normal(self) -> Vector:
        """Unit vector (LPS) across the slice."""
        return np.cross(self.along_i, self.along_j)


def slices_of(dataset: Dataset, path: Path) -> list[Slice]:
    """Every slice of a dataset: one, or one per frame.

    Raises:
        ValueError, AttributeError, RuntimeError: the dataset is incomplete or cannot be decoded.
    """
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    check_bytes(path, (frames, int(dataset.Rows), int(dataset.Columns), int(dataset.get("SamplesPerPixel", 1))), 4)
    pixels, rescaled = _decode(dataset, path)
    if int(dataset.get("SamplesPerPixel", 1)) > 1:
        pixels = grey(pixels)
    if frames == 1:
        return [_slice(dataset, dataset, dataset, pixels.reshape(pixels.shape[-2:]), rescaled)]
    shared = _first(dataset, "SharedFunctionalGroupsSequence")
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence", [None] * frames)
    if len(per_frame) != frames or (shared is None and per_frame[0] is None):
        raise ValueError(f"{frames} frames without a position each (a cine is no volume)")
    return [_slice(dataset, group, shared, pixels[n], rescaled) for n, group in enumerate(per_frame)]


def single_slice(path: Path, only: Slice) -> Volume:
    """A volume of one slice; a projection lies where a PNG of it would."""
    from lesionlab.image.dicom_stack import lattice

    if only.origin_lps is None:
        affine_lps = np.diag([*only.spacing_mm, 1.0, 1.0])
        return tidy(path, spatial(path, only.pixels), Geometry.from_lps((1, 1, 1), affine_lps).affine)
    return lattice(path, [only], only.normal * (only.thickness_mm or 1.0))


def _slice(dataset: Dataset, group: Any, shared: Any, pixels: Array, rescaled: bool) -> Slice:
    """``group`` and ``shared`` hold the frame's own and common attributes; both are the dataset when it is one slice."""

    def find(sequence: str, keyword: str) -> Any:
        for place in (group, shared):
            if place is not None:
                item = _first(place, sequence)
                if item is not None and keyword in item:
                    return item[keyword].value
        return dataset.get(keyword)

    position = find("PlanePositionSequence", "ImagePositionPatient")
    orientation = find("PlaneOrientationSequence", "ImageOrientationPatient")
    spacing = find("PixelMeasuresSequence", "PixelSpacing") or dataset.get("ImagerPixelSpacing") or (1.0, 1.0)
    thickness = find("PixelMeasuresSequence", "SpacingBetweenSlices") or find("PixelMeasuresSequence", "SliceThickness")
    slope = find("PixelValueTransformationSequence", "RescaleSlope")
    intercept = find("PixelValueTransformationSequence", "RescaleIntercept")
    if not rescaled:
        pixels = _rescale(pixels, 1.0 if slope is None else float(slope), float(intercept or 0.0))
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        pixels = pixels.max() - pixels + pixels.min()
    placed = position is not None and orientation is not None
    cosines = np.asarray(orientation if placed else (1, 0, 0, 0, 1, 0), dtype=np.float64)
    return Slice(
        pixels=pixels.T,
        origin_lps=np.asarray(position, dtype=np.float64) if placed else None,
        along_i=cosines[:3] / np.linalg.norm(cosines[:3]),
        along_j=cosines[3:] / np.linalg.norm(cosines[3:]),
        spacing_mm=(float(spacing[1]), float(spacing[0])),  # DICOM gives the distance of rows first
        thickness_mm=abs(float(thickness)) if thickness else None,
    )


def _first(place: Any, sequence: str) -> Any:
    items = place.get(sequence)
    return items[0] if items else None


def _rescale(stored: Array, slope: float, intercept: float) -> Array:
    if slope == 1.0 and intercept == 0.0:
        return stored
    if slope.is_integer() and intercept.is_integer():
        low = int(slope) * int(stored.min()) + int(intercept)
        high = int(slope) * int(stored.max()) + int(intercept)
        # int16 wherever it holds the values, as CT is usually kept; slices of one series are joined by the widest type.
        dtype = np.int16 if min(low, high) >= -32768 and max(low, high) <= 32767 else np.int32
        return np.asarray(stored.astype(np.int32) * int(slope) + int(intercept), dtype=dtype)
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _decode(dataset: Dataset, path: Path) -> tuple[Array, bool]:
    """Pixels ((frame,) row, column(, channel)), and whether the rescaling is already done."""
    try:
        return dataset.pixel_array, False
    except (NotImplementedError, RuntimeError, AttributeError):
        if not dataset.file_meta.TransferSyntaxUID.is_compressed:
            raise
    # ITK decodes the compressions for which pydicom wants further packages, and rescales on the way.
    import SimpleITK as sitk

    image = sitk.ReadImage(str(path), imageIO="GDCMImageIO")
    array = np.asarray(sitk.GetArrayFromImage(image))
    return (array[0] if int(dataset.get("NumberOfFrames", 1) or 1) == 1 else array), True
