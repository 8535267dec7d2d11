"""DICOM SEG -> SimpleITK image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pydicom


@dataclass(frozen=True)
class MultiClassResult:
    """What a DICOM SEG holds.

    Attributes:
        image: SimpleITK image, uint16, 0 outside all segments, else the segment's number, in the object's own place,
            spacing and direction (LPS mm). Slices that hold no segment may be missing at both ends.
        segment_infos: label of each segment, by number.
    """

    image: Any
    segment_infos: dict[int, str]


class MultiClassReader:
    """Reads a DICOM SEG whose segments exclude each other; where two overlap, the one of higher number is kept."""

    def read(self, dataset: pydicom.Dataset) -> MultiClassResult:
        """Read an opened DICOM SEG.

        Raises:
            ValueError: it is no DICOM SEG, or its frames do not form one volume.
        """
        from highdicom.seg import Segmentation

        seg = Segmentation.from_dataset(dataset, copy=False)
        volume = seg.get_volume(combine_segments=True, skip_overlap_checks=True, dtype="uint16")
        numbers = [int(number) for number in seg.segment_numbers]
        labels = {number: str(seg.get_segment_description(number).segment_label) for number in numbers}
        return MultiClassResult(volume.to_simpleitk(), labels)
