"""The demo's case: a simulated chest CT in a studies folder, and what is true of it beside that."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from lesionlab.errors import InternalError, LesionLabError
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.phantoms.chest import ChestPhantom, ChestSettings, simulate_chest
from lesionlab.store.files import write_atomically
from lesionlab.task import Frozen

log = logging.getLogger(__name__)

IMAGE = "chest"
#: Change it when the phantom changes, so that an old case is not kept.
_VERSION = 1


class Target(Frozen):
    """The nodule that the demo clicks on."""

    version: int
    seed: int
    shape: tuple[int, int, int]
    value: int
    point_mm: Point
    size_mm: float
    volume_mm3: float


@dataclass(frozen=True, eq=False)
class Study:
    """The case: its studies folder, image and truth (uint8 0/1) of one nodule."""

    folder: Path
    image: Volume
    truth: Volume
    target: Target


def demo_study(out: Path, settings: ChestSettings, seed: int = 11) -> Study:
    """The case in ``out``; made and written when it is not there."""
    kept = _kept(out, settings, seed)
    return kept if kept is not None else _made(out, settings, seed)


def _kept(out: Path, settings: ChestSettings, seed: int) -> Study | None:
    image, truth, target = _files(out)
    if not (image.exists() and truth.exists() and target.exists()):
        return None
    try:
        found = Target.model_validate_json(target.read_text(encoding="utf-8"))
        if (found.version, found.seed, found.shape) != (_VERSION, seed, settings.shape):
            return None
        return Study(image.parent, read_volume(image), read_volume(truth), found)
    except (OSError, ValidationError, LesionLabError) as error:
        log.info("the demo's case is made anew: %s", error)
        return None


def _made(out: Path, settings: ChestSettings, seed: int) -> Study:
    image, truth, target = _files(out)
    image.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    phantom = simulate_chest(np.random.default_rng(seed), settings)
    found = _target(phantom, seed)
    mask = Volume((phantom.truth.array == found.value).astype(np.uint8), phantom.truth.geometry)
    write_volume(phantom.image, image)
    write_volume(mask, truth)
    # Last: only a case that is complete is kept.
    write_atomically(target, found.model_dump_json(indent=1) + "\n")
    return Study(image.parent, phantom.image, mask, found)


def _target(phantom: ChestPhantom, seed: int) -> Target:
    """The largest nodule at the chest wall: a threshold runs out into the wall there."""
    if not phantom.lesions:
        raise InternalError("the phantom came out without a nodule")
    best = max(phantom.lesions, key=lambda lesion: (lesion.nodule.site == "pleura", lesion.volume_mm3))
    r, a, s = (round(x, 2) for x in best.point_mm)
    return Target(
        version=_VERSION,
        seed=seed,
        shape=phantom.image.geometry.shape,
        value=best.value,
        point_mm=(r, a, s),
        size_mm=round(best.diameter_mm, 1),
        volume_mm3=round(best.volume_mm3, 1),
    )


def _files(out: Path) -> tuple[Path, Path, Path]:
    return out / "studies" / f"{IMAGE}.nii", out / "truth.nii.gz", out / "target.json"
