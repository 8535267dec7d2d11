"""Cases of CIRCUS DB into a data folder: images, masks of voxel labels, markups of all other labels."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import ConflictError, InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.store.cases import MASKS, read_cases, write_cases
from lesionlab.store.circus_archive import ExportedCase, unpack_archive
from lesionlab.store.circus_client import CircusClient
from lesionlab.store.circus_dicom import circus_volume
from lesionlab.store.circus_model import CircusCase, Revision, Series, VoxelData, geometry_of
from lesionlab.store.circus_record import PulledImage, PulledLabel, read_record, write_record
from lesionlab.store.circus_shapes import weak_label
from lesionlab.store.circus_voxels import Packed, unpack
from lesionlab.store.files import SUFFIXES, image_files, image_name
from lesionlab.store.weak_files import WEAK
from lesionlab.weak.label import WeakLabel
from lesionlab.weak.markups_write import write_markups

Voxels = Callable[[int, int, VoxelData, Geometry], NDArray[np.bool_] | None]


@dataclass(frozen=True)
class Pulled:
    """What came in: images, masks, weak labels, and what was passed over, in words."""

    images: tuple[str, ...] = ()
    masks: int = 0
    weak: int = 0
    passed_over: tuple[str, ...] = ()

    def with_more(self, other: Pulled) -> Pulled:
        """Both together."""
        return Pulled(
            self.images + other.images,
            self.masks + other.masks,
            self.weak + other.weak,
            self.passed_over + other.passed_over,
        )


@dataclass(frozen=True, eq=False)
class _Opened:
    """One volume of a case, ready to be written."""

    name: str
    patient: str
    series: Series
    number: int
    volume: Volume


def pull_archive(archive: Path, folder: Path, dicom: Path | None = None) -> Pulled:
    """Take in an exported archive (tgz or zip).

    Args:
        archive: the file.
        folder: the data folder; made when it does not exist.
        dicom: where the DICOM series lie; without it, images have their spacing but no place in the patient.

    Raises:
        InputError: the archive or a label cannot be read, or an image of another case has the same name.
    """
    found = Pulled()
    with tempfile.TemporaryDirectory() as scratch:
        for exported in unpack_archive(archive, Path(scratch)):
            _, revision = exported.case.revision()
            found = found.with_more(_pull_exported(exported, revision, folder, dicom, None))
    return found


def pull_cases(
    client: CircusClient, case_ids: Sequence[str], folder: Path, dicom: Path | None = None, revision: int | None = None
) -> Pulled:
    """Take in cases from the server: with ``dicom`` the labels alone are fetched, without it the server packs the images.

    Raises:
        InputError: the server refuses, a label cannot be read, or an image of another case has the same name.
    """
    found = Pulled()
    for case_id in case_ids:
        if dicom is not None:
            case = client.case(case_id)
            _, chosen = case.revision(revision)
            found = found.with_more(_pull_labels(client, case, chosen, folder, dicom))
            continue
        with tempfile.TemporaryDirectory() as scratch:
            archive = Path(scratch) / "export.tgz"
            client.export([case_id], archive, revision)
            (exported,) = unpack_archive(archive, Path(scratch))
            _, chosen = exported.case.revision()
            found = found.with_more(_pull_exported(exported, chosen, folder, None, client.server))
    return found


def _pull_labels(client: CircusClient, case: CircusCase, revision: Revision, folder: Path, dicom: Path) -> Pulled:
    def voxels(series: int, label: int, data: VoxelData, lattice: Geometry) -> NDArray[np.bool_] | None:
        if data.voxels is None:
            return None
        packed = Packed(client.blob(data.voxels), data.origin, data.size)
        if packed.sha1 != data.voxels:
            raise InputError("a blob came damaged", got=packed.sha1, expected=data.voxels)
        return unpack(packed, lattice.shape)

    found = Pulled()
    for number, series in enumerate(revision.series):
        volume, patient = circus_volume(dicom, series)
        opened = _Opened(_name(case, number), patient or _patient(case), series, number, volume)
        found = found.with_more(_write(opened, case, revision, folder, voxels, client.server))
    return found


def _pull_exported(
    exported: ExportedCase, revision: Revision, folder: Path, dicom: Path | None, server: str | None
) -> Pulled:
    case, found = exported.case, Pulled()

    def voxels(series: int, label: int, data: VoxelData, lattice: Geometry) -> NDArray[np.bool_] | None:
        return None if data.voxels is None else exported.voxels(series, label, lattice)

    for number, series in enumerate(revision.series):
        volume, patient = exported.volume(number), _patient(case)
        if dicom is not None:
            placed, patient = circus_volume(dicom, series)
            if placed.geometry.shape != volume.geometry.shape:
                raise InputError(
                    f"series {series.series_uid} has another size than in the archive",
                    got=placed.geometry.shape,
                    expected=f"{volume.geometry.shape}",
                )
            volume = placed
        opened = _Opened(_name(case, number), patient, series, number, volume)
        found = found.with_more(_write(opened, case, revision, folder, voxels, server))
    return found


def _write(
    opened: _Opened, case: CircusCase, revision: Revision, folder: Path, voxels: Voxels, server: str | None
) -> Pulled:
    """Write one volume with its labels; nothing is written when one of its labels cannot be read."""
    lattice = opened.volume.geometry
    mask = np.zeros(lattice.shape, dtype=np.uint8 if len(opened.series.labels) < 256 else np.uint16)
    painted: list[PulledLabel] = []
    weak: list[WeakLabel] = []
    passed_over: list[str] = []
    overlap = 0
    for index, label in enumerate(opened.series.labels):
        place = f"case {case.case_id}, volume {opened.number}, label {index} ({label.type})"
        data = geometry_of(label, place)
        if isinstance(data, VoxelData):
            inside = voxels(opened.number, index, data, lattice)
            value = len(painted) + 1
            painted.append(PulledLabel(value=value, index=index, name=label.name or "", voxels=data.voxels))
            if inside is not None:
                overlap += int((mask[inside] > 0).sum())
                mask[inside] = value
            continue
        shared = {
            "image": opened.name,
            "patient": opened.patient,
            "reader": revision.creator,
            "name": label.name or "",
        }
        found = None if data is None else weak_label(data, lattice, shared)
        if found is None:
            passed_over.append(place)
        else:
            weak.append(found)
    if overlap:
        passed_over.append(
            f"{overlap} voxels of {opened.name} that several labels share; each has the last one's value"
        )
    written = _store(folder, opened, mask if mask.any() else None, weak)
    entry = PulledImage(
        mask_sha256=written,
        overlapping=overlap > 0,
        image=opened.name,
        case_id=case.case_id,
        series=opened.number,
        series_uid=opened.series.series_uid,
        labels=tuple(painted),
    )
    write_record(folder, read_record(folder).updated((entry,), server))
    return Pulled((opened.name,), int(mask.any()), len(weak), tuple(passed_over))


def _store(folder: Path, opened: _Opened, mask: NDArray[Any] | None, weak: Sequence[WeakLabel]) -> str | None:
    """Write everything; the answer is the SHA-256 of the mask's file."""
    for part in (folder, folder / MASKS, folder / WEAK):
        part.mkdir(parents=True, exist_ok=True)
    _check_free(folder, opened)
    image = folder / f"{opened.name}.nii.gz"
    target = folder / MASKS / image.name
    write_volume(opened.volume, image)
    if mask is not None:
        write_volume(Volume(mask, opened.volume.geometry), target)
    markups = folder / WEAK / f"{opened.name}.mrk.json"
    if weak:
        write_markups(markups, weak)
    else:
        markups.unlink(missing_ok=True)
    # Rows that somebody added stay; only the patient is ours to say.
    cases = [replace(case, patient=opened.patient) if case.image == image else case for case in read_cases(folder)]
    write_cases(folder, cases)
    return file_sha256(target)


def file_sha256(path: Path) -> str | None:
    """Of a file's content; None when there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _check_free(folder: Path, opened: _Opened) -> None:
    known = {entry.image: entry for entry in read_record(folder).images}
    written = known[opened.name].mask_sha256 if opened.name in known else None
    present = file_sha256(folder / MASKS / f"{opened.name}.nii.gz")
    if present is not None and present != written:
        raise ConflictError(
            "the mask was changed here since it was pulled",
            got=str(MASKS / f"{opened.name}.nii.gz"),
            expected="the mask as it was pulled",
            hint="push it first ('lesionlab circus push'), or move it away",
        )
    taken = [path.name for path in image_files(folder) if image_name(path) == opened.name]
    if taken and opened.name not in known:
        raise ConflictError("an image of that name is in the folder and did not come from CIRCUS DB", got=taken[0])
    if any(f"{opened.name}{suffix}" in taken for suffix in SUFFIXES if suffix != ".nii.gz"):
        raise ConflictError("the image is in the folder in another format", got=taken[0], expected=".nii.gz")


def _name(case: CircusCase, number: int) -> str:
    return f"{case.case_id}-vol{number:03}"


def _patient(case: CircusCase) -> str:
    return (case.patient.patient_id if case.patient else None) or case.case_id
