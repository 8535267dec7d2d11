"""A datastore copied with every image changed: what a remedy does to images can then be asked of any kind of task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Array, Volume
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import MASKS, read_cases, write_cases
from lesionlab.store.files import image_name

_PICTURES = (".png", ".jpg", ".jpeg")

Change = Callable[[Volume], Array]


def copy_datastore(source: Path, out: Path, changes: Mapping[str, Change], report: Report) -> None:
    """Write changed copies of every image of a datastore, with the cases and masks they belong to.

    Args:
        source: a datastore.
        out: an empty folder.
        changes: for each copy what is put before the image's name ("" keeps it), and its new voxel values.
        report: hears of the progress.

    Raises:
        InputError: an image is of a format that cannot be written.
    """
    cases = read_cases(source)
    images = list(dict.fromkeys(case.image for case in cases))
    masks = {case.image: case.mask for case in cases if case.mask is not None}
    (out / MASKS).mkdir(parents=True)
    for number, image in enumerate(images, start=1):
        volume = read_volume(image)
        for prefix, change in changes.items():
            _write(volume, change(volume), out / f"{prefix}{image.name}")
            if image in masks:
                mask = masks[image].resolve()
                suffix = mask.name.removeprefix(image_name(mask))
                (out / MASKS / f"{prefix}{image_name(image)}{suffix}").symlink_to(mask)
        report(Progress(number, len(images), image.name))
    listed = [replace(case, image=out / f"{prefix}{case.image.name}") for prefix in changes for case in cases]
    write_cases(out, listed)


def unchanged(volume: Volume) -> Array:
    """The image as it is."""
    return volume.array


def _write(volume: Volume, values: Array, path: Path) -> None:
    kept = volume.array.dtype
    if kept.kind in "iu":
        limits = np.iinfo(kept)
        values = np.clip(np.rint(values), limits.min, limits.max)
    values = values.astype(kept)
    if path.suffix.lower() in _PICTURES:
        _write_picture(values, path)
    else:
        write_volume(Volume(values, volume.geometry), path)


def _write_picture(values: Array, path: Path) -> None:
    """Axis i runs along a row of pixels, as :func:`lesionlab.image.files.read_volume` reads it."""
    from PIL import Image

    if values.dtype not in (np.uint8, np.uint16):
        raise InputError("a picture of this depth cannot be written", got=str(values.dtype), expected="8 or 16 bit")
    # JPEG loses as little as it can.
    Image.fromarray(np.ascontiguousarray(values[:, :, 0].T)).save(path, quality=100, subsampling=0)
