"""SimpleITK mask -> DICOM SEG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydicom_seg.template import Code, Segment, Template

if TYPE_CHECKING:
    import pydicom


class MultiClassWriter:
    """Writes a mask whose voxel values are the ``labelID`` of the template's segments.

    Args:
        template: what the segments are.
        inplane_cropping: accepted for MONAI Label's sake; the frames always keep the image's rows and columns.
        skip_empty_slices: leave out frames without the segment.
        skip_missing_segment: leave out segments of the template that the mask does not hold, instead of refusing.
    """

    def __init__(
        self,
        template: Template,
        inplane_cropping: bool = False,
        skip_empty_slices: bool = True,
        skip_missing_segment: bool = False,
    ) -> None:
        del inplane_cropping
        self._template = template
        self._skip_empty_slices = skip_empty_slices
        self._skip_missing_segment = skip_missing_segment

    def write(self, segmentation: Any, source_images: Sequence[pydicom.Dataset]) -> pydicom.Dataset:
        """A DICOM SEG in the study and frame of reference of the images that were segmented.

        Args:
            segmentation: SimpleITK image of whole numbers, in LPS mm.
            source_images: the series' slices (headers are enough).

        Raises:
            ValueError: no source images, or a segment of the template is not in the mask.
        """
        import numpy as np
        from highdicom import UID, Volume
        from highdicom.seg import Segmentation

        if not source_images:
            raise ValueError("no source images; expected the series that was segmented")
        frame = source_images[0].FrameOfReferenceUID
        mask = Volume.from_simpleitk(segmentation, coordinate_system="PATIENT", frame_of_reference_uid=frame)
        segments = self._present(set(np.unique(mask.array).tolist()))
        numbers = np.zeros(mask.array.shape, dtype=np.uint8 if len(segments) < 256 else np.uint16)
        for number, segment in enumerate(segments, start=1):
            numbers[mask.array == segment.label_id] = number
        return Segmentation(
            source_images=source_images,
            pixel_array=mask.with_array(numbers),
            segmentation_type="BINARY",
            segment_descriptions=[_description(number, segment) for number, segment in enumerate(segments, start=1)],
            series_instance_uid=UID(),
            series_number=self._template.series_number,
            sop_instance_uid=UID(),
            instance_number=1,
            manufacturer="LesionLab",
            manufacturer_model_name="LesionLab",
            software_versions="1",
            device_serial_number="1",
            content_creator_name=self._template.creator,
            series_description=self._template.series_description,
            omit_empty_frames=self._skip_empty_slices,
        )

    def _present(self, values: set[int]) -> list[Segment]:
        missing = [segment for segment in self._template.segments if segment.label_id not in values]
        if missing and not self._skip_missing_segment:
            names = ", ".join(f"{segment.label_id} ({segment.label})" for segment in missing)
            raise ValueError(f"the mask holds no voxel of segment {names}; expected every segment of the template")
        present = [segment for segment in self._template.segments if segment.label_id in values]
        if not present:
            raise ValueError("the mask holds no voxel of any segment; expected at least one")
        return present


def _description(number: int, segment: Segment) -> Any:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from pydicom.sr.codedict import codes

    algorithm = AlgorithmIdentificationSequence(
        name=segment.algorithm or "unnamed", version="1", family=codes.DCM.ArtificialIntelligence
    )
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.label[:64],
        segmented_property_category=_coded(segment.category),
        segmented_property_type=_coded(segment.type),
        algorithm_type="AUTOMATIC" if segment.automatic else "MANUAL",
        algorithm_identification=algorithm if segment.automatic else None,
    )


def _coded(code: Code) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(code.value, code.scheme, code.meaning)
