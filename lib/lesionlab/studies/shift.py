"""One task across sites or scanners: how good each model is where, how far the sites lie apart, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from lesionlab.image.files import read_volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.exhibits import Measured
from lesionlab.kinds.kind import Json, Model, TrainOptions
from lesionlab.progress import Report
from lesionlab.store.cases import read_cases
from lesionlab.studies.fingerprints import Apart, Fingerprint, apart, fingerprint
from lesionlab.studies.remedies import Place, Site, Tried, adapted, augmented, standardised
from lesionlab.task import Task

_SEED = 0


@dataclass(frozen=True)
class Trained:
    """A model and its site.

    Attributes:
        home: the site that it was trained at; of the shipped weights the one that the others are held against.
        folder: as ``lesionlab train`` wrote it; None: the shipped weights.
    """

    home: str
    folder: Path | None

    @property
    def name(self) -> str:
        """What people call it."""
        return "the shipped model" if self.folder is None else f"trained at {self.home}"


@dataclass(frozen=True)
class Cell:
    """A model at a site: its headline, and all that ``evaluate`` says."""

    model: Trained
    site: Site
    figure: Measured
    scores: Json


@dataclass(frozen=True)
class Pair:
    """Two sites and how far they lie apart; None where there are too few patients to say."""

    first: str
    second: str
    apart: Apart | None


@dataclass(frozen=True)
class ShiftStudy:
    """The outcome.

    Attributes:
        sites: in the order in which they were given.
        models: the rows of the matrix.
        cells: every model at every site.
        pairs: every two sites.
        tried: remedies, for each model at each site but its own.
        untried: which could not be tried, and why.
    """

    sites: tuple[Site, ...]
    models: tuple[Trained, ...]
    cells: tuple[Cell, ...]
    pairs: tuple[Pair, ...]
    tried: tuple[Tried, ...]
    untried: tuple[str, ...]

    def cell(self, model: Trained, site: str) -> Cell | None:
        """A model at a site."""
        return next((cell for cell in self.cells if cell.model == model and cell.site.name == site), None)

    def json(self) -> Json:
        """For programs."""
        return {
            "cells": [{"model": c.model.name, "site": c.site.name, **asdict(c.figure)} for c in self.cells],
            "pairs": [asdict(pair) for pair in self.pairs],
            "remedies": [asdict(one) for one in self.tried],
            "not_tried": list(self.untried),
        }


def study_shift(
    task: Task, sites: Sequence[Site], models: Sequence[Trained], retrain: TrainOptions | None, report: Report
) -> ShiftStudy:
    """Score, measure, and try remedies.

    Args:
        task: what is asked.
        sites: two or more.
        models: one or more.
        retrain: how to train again, with and without images as of other scanners; None: that remedy is not tried.
        report: hears of the progress.

    Raises:
        InputError: the task's kind has no figure to compare by, or data or models do not fit the task.
    """
    kind = kind_of(task)
    cells: list[Cell] = []
    for trained in models:
        model = kind.load(task, trained.folder)
        for site in sites:
            scores = kind.evaluate(task, model, site.folder, report)
            cells.append(Cell(trained, site, kind.headline(task, scores), scores))
    pairs = _pairs(task, kind.load(task, models[0].folder), sites)
    tried: list[Tried] = []
    untried: list[str] = []
    for trained in models:
        more, less = _remedies(task, trained, [cell for cell in cells if cell.model == trained], retrain, report)
        tried += more
        untried += less
    return ShiftStudy(tuple(sites), tuple(models), tuple(cells), pairs, tuple(tried), tuple(untried))


def _remedies(
    task: Task, trained: Trained, row: Sequence[Cell], retrain: TrainOptions | None, report: Report
) -> tuple[list[Tried], list[str]]:
    places = [Place(cell.site, cell.scores) for cell in row if cell.site.name != trained.home]
    home = next((cell.site for cell in row if cell.site.name == trained.home), None)
    untried = []
    tried = adapted(task, trained.name, trained.folder, places, report)
    if tried is None:
        untried.append(f"{trained.name}: its network has no batch normalisation that could be adapted.")
    tried = tried or []
    if home is None:
        untried.append(f"{trained.name}: without images of {trained.home} the others cannot be standardised to them.")
        return tried, untried
    tried += standardised(task, trained.name, trained.folder, home, places, report)
    if retrain is not None:
        tried += augmented(task, home, places, retrain, report)
    return tried, untried


def _pairs(task: Task, model: Model, sites: Sequence[Site]) -> tuple[Pair, ...]:
    rng = np.random.default_rng(_SEED)
    prints = {site.name: _prints(task, model, site) for site in sites}
    return tuple(Pair(a.name, b.name, apart(prints[a.name], prints[b.name], rng)) for a, b in combinations(sites, 2))


def _prints(task: Task, model: Model, site: Site) -> list[Fingerprint]:
    kind = kind_of(task)
    found = []
    for case in {case.image: case for case in reversed(read_cases(site.folder))}.values():
        volume = read_volume(case.image)
        look = kind.look(task, model, case, volume)
        found.append(fingerprint(volume, case.patient, None if look is None else look.features))
    return found
