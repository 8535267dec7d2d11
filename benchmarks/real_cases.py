"""The real lesions that the benchmarks run on: image, truth, click and size of each.

They lie outside the repository, one folder per volume, each with ``image.nii.gz``, ``lesion.nii.gz`` and ``meta.json``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Index, Point
from lesionlab.image.volume import Volume

GROUPS = ("focal", "sarcoma MR", "sarcoma CT", "sarcoma PET")
_MODALITIES = {"MR T1": "MR", "CT": "CT", "FDG-PET SUV": "PET", "CT chest": "CT", "MR T1 post-contrast brain": "MR"}


@dataclass(frozen=True, eq=False)
class RealCase:
    """One lesion.

    Attributes:
        name: volume's name, with the lesion's number when the volume holds several.
        patient: who; all modalities of a person carry the same name.
        modality: CT, MR or PET.
        group: one of ``GROUPS``.
        image: the volume.
        truth: uint8 0/1, this lesion only, on the image's lattice.
        point_mm: the voxel of the lesion farthest from its border, RAS mm.
        size_mm: longest axial diameter of the truth, mm.
    """

    name: str
    patient: str
    modality: str
    group: str
    image: Volume
    truth: Volume
    point_mm: Point
    size_mm: float


def data_root() -> Path:
    """Where the real data lie: under ``LESIONLAB_SHARED_DATA``, else beside the repository."""
    given = os.environ.get("LESIONLAB_SHARED_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"


def data_dir() -> Path:
    """Where the real lesions lie."""
    return data_root() / "lesions3d"


def skip_reason() -> str | None:
    """Why there are no real lesions to run on, or None when there are."""
    folder = data_dir()
    return None if folder.is_dir() else f"no real lesions at {folder}; set LESIONLAB_SHARED_DATA to their parent folder"


def volume_names() -> list[str]:
    """Every volume's name, sorted.

    Raises:
        NotFoundError: when the data are absent.
    """
    reason = skip_reason()
    if reason is not None:
        raise NotFoundError(reason)
    return sorted(path.parent.name for path in data_dir().glob("*/meta.json"))


def real_cases() -> Iterator[RealCase]:
    """Every lesion of every volume, one volume in memory at a time."""
    for name in volume_names():
        yield from read_cases(name)


def read_cases(name: str) -> list[RealCase]:
    """The lesions of one volume.

    Raises:
        InputError: when ``meta.json`` and the mask contradict each other.
    """
    folder = data_dir() / name
    meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    image, mask = read_volume(folder / "image.nii.gz"), read_volume(folder / "lesion.nii.gz")
    if not mask.geometry.same_as(image.geometry):
        raise InputError(f"{name}: mask and image lie on different lattices")
    parts, count = ndimage.label(mask.array > 0, structure=np.ones((3, 3, 3)))
    lesions: list[dict[str, Any]] = meta["lesions"]
    if count != len(lesions):
        raise InputError(f"{name}: lesions in the mask", got=count, expected=f"{len(lesions)}, as in meta.json")
    modality = _MODALITIES[meta["modality"]]
    cases = []
    for number, lesion in enumerate(lesions):
        click: Index = tuple(lesion["click_voxel_ijk"])
        truth = (parts == parts[click]).astype(np.uint8)
        if parts[click] == 0 or int(truth.sum()) != lesion["voxels"]:
            raise InputError(f"{name}: lesion {number} is not where meta.json says", got=int(truth.sum()))
        cases.append(
            RealCase(
                name=name if count == 1 else f"{name}#{number}",
                patient=meta["patient"],
                modality=modality,
                group=f"sarcoma {modality}" if name.startswith("sts_") else "focal",
                image=image,
                truth=Volume(truth, image.geometry),
                point_mm=image.geometry.index_to_ras((float(click[0]), float(click[1]), float(click[2]))),
                size_mm=float(lesion["longest_axial_diameter_mm"]),
            )
        )
    return cases
