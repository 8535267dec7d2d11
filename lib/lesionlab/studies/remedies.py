"""What may help a model at a site that it does not know, each tried on the same cases with and without it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from lesionlab.image.files import read_volume
from lesionlab.image.volume import Array, Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.exhibits import Compared
from lesionlab.kinds.kind import Json, TrainOptions
from lesionlab.learning.train import train
from lesionlab.progress import Report
from lesionlab.store.cases import read_cases
from lesionlab.studies.adapting import adapt
from lesionlab.studies.copies import Change, copy_datastore, unchanged
from lesionlab.studies.scanners import other_scanner
from lesionlab.studies.standardising import Standard
from lesionlab.task import Task

#: Of each training image, copies as other scanners might have made it.
_COPIES = 3


@dataclass(frozen=True)
class Tried:
    """A remedy at one site.

    Attributes:
        remedy: its name.
        model: whose, as people call it.
        site: where.
        figures: with and without it, on the same cases; the headline first.
    """

    remedy: str
    model: str
    site: str
    figures: tuple[Compared, ...]


@dataclass(frozen=True)
class Site:
    """Where images come from: a hospital, a scanner, a protocol; and their datastore, with truth."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Place:
    """A site that a model does not know, and what ``evaluate`` says of the model there."""

    site: Site
    before: Json


def standardised(
    task: Task, name: str, model_dir: Path | None, home: Site, places: Sequence[Place], report: Report
) -> list[Tried]:
    """Histograms of each site's images mapped to those of the model's own site, ``home``."""
    kind = kind_of(task)
    model = kind.load(task, model_dir)
    standard = Standard.of(read_volume(image) for image in image_paths(home.folder))
    tried = []
    for place in places:
        with tempfile.TemporaryDirectory() as folder:
            copy_datastore(place.site.folder, Path(folder), {"": standard.apply}, report)
            scores = kind.evaluate(task, model, Path(folder), report)
        figures = kind.differences(task, scores, place.before)
        tried.append(Tried("histogram standardisation", name, place.site.name, figures))
    return tried


def adapted(
    task: Task, name: str, model_dir: Path | None, places: Sequence[Place], report: Report
) -> list[Tried] | None:
    """Batch normalisation adapted to each site by its images, without their labels; None for a network that has none."""
    kind = kind_of(task)
    tried = []
    for place in places:
        model = kind.load(task, model_dir)  # anew for each site: its networks change
        folder = place.site.folder
        look_at_all = partial(kind.evaluate, task, model, folder, report)
        if not adapt(model.networks, look_at_all, len(image_paths(folder))):
            return None
        figures = kind.differences(task, kind.evaluate(task, model, folder, report), place.before)
        tried.append(Tried("batch-norm adaptation", name, place.site.name, figures))
    return tried


def augmented(task: Task, home: Site, places: Sequence[Place], options: TrainOptions, report: Report) -> list[Tried]:
    """Train twice at ``home`` from the same seed: with and without copies of the images as of other scanners."""
    kind = kind_of(task)
    rng = np.random.default_rng(options.seed)

    def elsewhere(volume: Volume) -> Array:
        return other_scanner(volume, rng)

    varied: dict[str, Change] = {"": unchanged, **{f"other{n}-": elsewhere for n in range(1, _COPIES + 1)}}

    def scores(changes: Mapping[str, Change]) -> list[Json]:
        with tempfile.TemporaryDirectory() as folder:
            data, out = Path(folder, "data"), Path(folder, "model")
            data.mkdir()
            out.mkdir()
            copy_datastore(home.folder, data, changes, report)
            train(task, data, out, options, report)
            model = kind.load(task, out)
            return [kind.evaluate(task, model, place.site.folder, report) for place in places]

    pairs = zip(places, scores(varied), scores({"": unchanged}), strict=True)
    remedy, name = "training on copies as of other scanners", f"trained anew at {home.name}"
    return [Tried(remedy, name, place.site.name, kind.differences(task, a, b)) for place, a, b in pairs]


def image_paths(folder: Path) -> list[Path]:
    """Every image of a datastore's cases, once."""
    return list(dict.fromkeys(case.image for case in read_cases(folder)))
