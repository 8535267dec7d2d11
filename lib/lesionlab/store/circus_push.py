"""Masks of a data folder back into CIRCUS DB, as a new revision of the case that each image came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lesionlab.errors import ConflictError, InputError, NotFoundError
from lesionlab.image.files import read_volume
from lesionlab.image.geometry import Index
from lesionlab.image.volume import Volume
from lesionlab.store.cases import MASKS
from lesionlab.store.circus_client import CircusClient
from lesionlab.store.circus_model import Label, Revision, Series
from lesionlab.store.circus_pull import file_sha256
from lesionlab.store.circus_record import PulledImage, PulledLabel, found_image, read_record, write_record
from lesionlab.store.circus_voxels import Packed, pack
from lesionlab.store.dicom_series import onto
from lesionlab.store.files import image_files, image_name

_COLORS = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff", "#ff8800", "#00ff88")


@dataclass(frozen=True)
class Pushed:
    """Images whose masks went out, and those whose masks CIRCUS DB has already."""

    images: tuple[str, ...]
    unchanged: tuple[str, ...]


def push_masks(
    client: CircusClient,
    folder: Path,
    images: Sequence[str] = (),
    description: str = "Masks from LesionLab",
    status: str | None = None,
) -> Pushed:
    """Send the masks in ``labels/final/`` of images that were pulled.

    Each value of a mask is one voxel label: a value that was pulled replaces its label, a new value becomes a new label.
    All other labels, series and attributes of the newest revision stay as they are.

    Args:
        client: a connection whose user may write.
        folder: the data folder.
        images: names; none means all pulled images that have a mask.
        description: of the revision.
        status: of the revision; None keeps that of the newest.

    Raises:
        ConflictError: somebody else has changed one of the labels since it was pulled; nothing was sent for that image.
        InputError: a mask does not fit its image, or the server refuses.
    """
    record = read_record(folder)
    masks = {image_name(path): path for path in image_files(folder / MASKS)} if (folder / MASKS).is_dir() else {}
    chosen = list(images) or [entry.image for entry in record.images if entry.image in masks]
    if not chosen:
        raise NotFoundError("there is no mask to push", got=str(folder / MASKS), expected="masks of pulled images")
    sent, unchanged = [], []
    for image in chosen:
        entry = found_image(record, image)
        if image not in masks:
            raise NotFoundError("this image has no mask", got=image, expected=f"a file in {folder / MASKS}")
        new = _push(client, folder, entry, masks[image], description, status)
        if new is None:
            unchanged.append(image)
            continue
        sent.append(image)
        record = record.updated((new,), client.server)
        write_record(folder, record)
    return Pushed(tuple(sent), tuple(unchanged))


def _push(
    client: CircusClient, folder: Path, entry: PulledImage, path: Path, description: str, status: str | None
) -> PulledImage | None:
    """Send one mask; the new entry, or None when there is nothing to send."""
    if entry.mask_sha256 is not None and file_sha256(path) == entry.mask_sha256:
        return None
    if entry.overlapping:
        raise ConflictError(
            f"labels of {entry.image} overlap in CIRCUS DB, and one mask cannot hold them",
            expected="labels that share no voxel",
            hint="change them in CIRCUS DB; pushing would cut the labels that lie below",
        )
    mask = _mask_of(folder, entry, path)
    _, newest = client.case(entry.case_id).revision()
    series = _series_of(newest, entry)
    labels, entries, blobs = list(series.labels), [], []
    for value in sorted({int(v) for v in np.unique(mask.array) if v != 0} | {one.value for one in entry.labels}):
        packed = pack(mask.array == value)
        old = next((one for one in entry.labels if one.value == value), None)
        index = len(labels) if old is None else old.index
        voxels = None if packed is None else packed.sha1
        if old is None:
            labels.append(_label(Label(type="voxel", name=f"Lesion {value}", data=_look(value)), packed))
            blobs.append(packed)
        elif not _same(old, labels, packed):
            _check_unchanged(old, labels, entry)
            labels[index] = _label(labels[index], packed)
            blobs.append(packed)
        entries.append(PulledLabel(value=value, index=index, name=labels[index].name or "", voxels=voxels))
    if not blobs:
        return None
    for packed in blobs:
        if packed is not None:
            client.put_blob(packed)
    changed = series.model_copy(update={"labels": tuple(labels)})
    all_series = tuple(changed if number == entry.series else one for number, one in enumerate(newest.series))
    update: dict[str, Any] = {"series": all_series, "description": description, "status": status or newest.status}
    client.post_revision(entry.case_id, newest.model_copy(update=update))
    return entry.model_copy(update={"labels": tuple(entries), "mask_sha256": file_sha256(path)})


def _mask_of(folder: Path, entry: PulledImage, path: Path) -> Volume:
    image = next((one for one in image_files(folder) if image_name(one) == entry.image), None)
    if image is None:
        raise NotFoundError("the image is no longer in the folder", got=entry.image)
    mask = read_volume(path)
    if mask.array.dtype.kind not in "iu" or mask.array.min() < 0:
        raise InputError(f"{path}: a mask has no whole values from 0 on", got=str(mask.array.dtype))
    return onto(mask, read_volume(image).geometry, str(path))


def _series_of(newest: Revision, entry: PulledImage) -> Series:
    found = newest.series[entry.series] if entry.series < len(newest.series) else None
    if found is None or found.series_uid != entry.series_uid:
        raise ConflictError(
            f"case {entry.case_id} was rearranged since it was pulled",
            got=f"no series {entry.series_uid} at place {entry.series}",
            expected="the series as it was",
            hint="pull the case again into another folder",
        )
    return found


def _same(old: PulledLabel, labels: list[Label], packed: Packed | None) -> bool:
    """Whether the server has these voxels already; its boxes are tight, as ours are."""
    if old.index >= len(labels):
        return False
    data = labels[old.index].data
    if packed is None:
        return data.get("voxels") is None
    return (data.get("voxels"), _whole(data.get("origin")), _whole(data.get("size"))) == (
        packed.sha1,
        packed.origin,
        packed.size,
    )


def _check_unchanged(old: PulledLabel, labels: list[Label], entry: PulledImage) -> None:
    label = labels[old.index] if old.index < len(labels) else None
    if label is None or label.type != "voxel" or label.data.get("voxels") != old.voxels:
        raise ConflictError(
            f"label {old.index} ({old.name or 'unnamed'}) of case {entry.case_id} was changed by somebody else",
            got=str(None if label is None else label.data.get("voxels") or label.type),
            expected=str(old.voxels),
            hint="pull the case again into another folder, and compare",
        )


def _label(label: Label, packed: Packed | None) -> Label:
    data = {name: value for name, value in label.data.items() if name not in ("voxels", "origin", "size")}
    if packed is None:
        return label.model_copy(update={"data": {**data, "voxels": None}})
    where = {"voxels": packed.sha1, "origin": list(packed.origin), "size": list(packed.size)}
    return label.model_copy(update={"data": {**data, **where}})


def _look(value: int) -> dict[str, Any]:
    return {"color": _COLORS[(value - 1) % len(_COLORS)], "alpha": 0.5}


def _whole(values: Any) -> Index | None:
    return None if values is None else (int(values[0]), int(values[1]), int(values[2]))
