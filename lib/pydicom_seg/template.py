"""What the segments are called, as dcmqi's JSON describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Code:
    """A coded concept: value, scheme, meaning."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Segment:
    """One segment.

    Attributes:
        label_id: the voxel value that marks it in the mask.
        label: its name.
        category: the kind of thing it is.
        type: the thing it is.
        automatic: whether a program drew it alone.
        algorithm: the program's name.
    """

    label_id: int
    label: str
    category: Code
    type: Code
    automatic: bool
    algorithm: str


@dataclass(frozen=True)
class Template:
    """A series of segments: its description, its number and the segments by voxel value."""

    series_description: str
    series_number: int
    creator: str
    segments: tuple[Segment, ...]


def from_dcmqi_metainfo(metainfo: Mapping[str, Any] | str | Path) -> Template:
    """Read dcmqi's ``metainfo``: a mapping, or the JSON file that holds it.

    Raises:
        ValueError: it names no segment.
    """
    content = metainfo if isinstance(metainfo, Mapping) else json.loads(Path(metainfo).read_text(encoding="utf-8"))
    segments = [_segment(item) for group in content.get("segmentAttributes", []) for item in group]
    if not segments:
        raise ValueError("segmentAttributes names no segment; expected at least one")
    return Template(
        series_description=str(content.get("SeriesDescription", "Segmentation")),
        series_number=int(content.get("SeriesNumber", 300)),
        creator=str(content.get("ContentCreatorName", "Reader^")),
        segments=tuple(sorted(segments, key=lambda segment: segment.label_id)),
    )


def _segment(item: Mapping[str, Any]) -> Segment:
    automatic = item.get("SegmentAlgorithmType", "AUTOMATIC") != "MANUAL"
    return Segment(
        label_id=int(item["labelID"]),
        label=str(item.get("SegmentLabel") or item.get("SegmentDescription") or f"Segment {item['labelID']}"),
        category=_code(item["SegmentedPropertyCategoryCodeSequence"]),
        type=_code(item["SegmentedPropertyTypeCodeSequence"]),
        automatic=automatic,
        algorithm=str(item.get("SegmentAlgorithmName", "")),
    )


def _code(item: Mapping[str, str]) -> Code:
    return Code(item["CodeValue"], item["CodingSchemeDesignator"], item["CodeMeaning"])
