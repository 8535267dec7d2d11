"""From a request to a map that explains its answer, for any task of any kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lesionlab.errors import InputError
from lesionlab.explain.adversarial import smallest_flip, total
from lesionlab.explain.checks import agreement, completeness, curves, randomisation
from lesionlab.explain.class_model import class_model
from lesionlab.explain.deepshap import deepshap
from lesionlab.explain.gradcam import gradcam, gradcam_and_number
from lesionlab.explain.subject import Subject, joined
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Explainable, Json, Method, Model, Request, Result
from lesionlab.progress import Report, silent

#: Methods whose map says how much each place counts; the others answer with an image or a change of it.
ATTRIBUTIONS: tuple[Method, ...] = ("gradcam", "deepshap")
#: The largest change that is tried to turn an answer, as a share of the inputs' range.
_LARGEST = 0.25


@dataclass(frozen=True, eq=False)
class Explanation(Result):
    """Why a task answered as it did.

    Attributes:
        heat: float32, a crop of the image's lattice. gradcam and deepshap: per cent of the largest value of the map;
            adversarial: the change, class-model: the image, both in the image's own values.
        facts: what ``summary`` says.
    """

    heat: Volume
    facts: Json

    @property
    def label(self) -> Volume:
        """The heat map, in the place of a mask: clients without a word for heat maps show it too."""
        return self.heat

    label_name = "heat"

    @property
    def labels(self) -> dict[str, int]:
        """None: the values of a heat map name nothing."""
        return {}

    @property
    def probability(self) -> None:
        """None."""
        return None

    def summary(self) -> Json:
        """The method, what was asked, how the map is to be read, and its checks."""
        return self.facts

    def agreement(self, marks: Volume) -> Json:
        """How far the map agrees with a reader's mask of the image, over the part of the image that was explained.

        Raises:
            InputError: the mask lies on another lattice, or the map does not say how much each place counts.
        """
        if self.facts["method"] not in ATTRIBUTIONS:
            expected = f"one of {', '.join(ATTRIBUTIONS)}"
            raise InputError(
                "only how much places count can agree with marks", got=self.facts["method"], expected=expected
            )
        start = np.rint(marks.geometry.ras_to_index(self.heat.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
        i, j, k = (int(x) for x in start)
        fits = min(i, j, k) >= 0 and all(
            a + n <= m for a, n, m in zip(start, self.heat.array.shape, marks.array.shape, strict=True)
        )
        if not fits or not marks.geometry.crop((i, j, k), self.heat.geometry.shape).same_as(self.heat.geometry, 1e-2):
            raise InputError("the marks lie on another lattice than the image", got=f"shape {marks.array.shape}")
        found = agreement(self.heat.array, marks.crop((i, j, k), self.heat.geometry.shape).array > 0)
        return {
            "maximum_in_marks": found.hit,
            "share_in_marks": round(found.share, 4),
            "area_of_marks": round(found.expected, 4),
            "dice": round(found.dice, 4),
        }


def explain(
    model: Model,
    volume: Volume,
    request: Request,
    method: Method,
    rng: np.random.Generator,
    checked: bool = False,
    report: Report = silent,
) -> Explanation:
    """Explain one answer.

    Args:
        model: of any task.
        volume: the image.
        request: as the kind's ``explain_request`` reads it.
        method: how.
        rng: for methods and checks that draw random numbers.
        checked: whether the map is checked too; that takes several times as long.
        report: told how far the work is; what it raises ends the work.

    Raises:
        InputError: when the request does not fit the volume, or the model cannot be explained.
    """
    opened = model.explainable(volume, request)
    found = _MAPS[method](opened, _How(rng, checked, report))
    heat = opened.restore(found.values.numpy().astype(np.float32))
    heat, peak = _per_cent(heat) if method in ATTRIBUTIONS else (heat, {})
    first = opened.subjects[0]
    number = total(joined(opened.subjects), first.inputs) if found.number is None else found.number
    facts = {
        "method": method,
        "question": opened.question,
        **opened.about,
        "number": round(number, 4),
        "threshold": round(first.threshold, 4),
        "unit": found.unit,
        **peak,
        **found.facts,
    }
    return Explanation(heat, facts)


@dataclass(frozen=True, eq=False)
class _How:
    """See :func:`explain`."""

    rng: np.random.Generator
    checked: bool
    report: Report


@dataclass(frozen=True, eq=False)
class _Map:
    """(views, *edges), how it is to be read, what else was found, and the explained number where the method came by it."""

    values: Tensor
    unit: str
    facts: Json
    number: float | None = None


def _gradcam(opened: Explainable, how: _How) -> _Map:
    found = [gradcam_and_number(subject) for subject in (*opened.subjects, *opened.looks())]
    heat = torch.stack([one for one, _ in found]).mean(dim=0)
    number = float(np.mean([one for _, one in found[: len(opened.subjects)]]))
    checks: Json = {}
    if how.checked:
        correlations = [randomisation(subject, gradcam, how.rng) for subject in opened.subjects]
        checks = _checks(joined(opened.subjects), heat, float(np.mean(correlations)))
    return replace(_attribution(heat, checks), number=number)


def _deepshap(opened: Explainable, how: _How) -> _Map:
    subject = joined(opened.subjects)
    parts = deepshap(subject)
    checks = {"completeness_error": completeness(subject, parts)}
    if how.checked:
        correlation = randomisation(subject, lambda s: deepshap(s).sum(dim=1), how.rng)
        checks |= _checks(subject, parts.sum(dim=1), correlation)
    return _attribution(parts.sum(dim=1), checks)


def _class_model(opened: Explainable, how: _How) -> _Map:
    subject = joined(opened.subjects)
    image = class_model(subject, how.rng, report=how.report)
    with torch.no_grad():
        reached = float(subject.numbers(image).sum())
    values = image.mean(dim=1).expand(len(subject.inputs), *image.shape[2:]) * opened.intensity + opened.level
    return _Map(values, "values of the image", {"number_reached": round(reached, 4)})


def _adversarial(opened: Explainable, how: _How) -> _Map:
    subject = joined(opened.subjects)
    flip = smallest_flip(subject, _LARGEST * (subject.high - subject.low), report=how.report)
    facts = {
        "largest_change": round(flip.largest * opened.intensity, 4),
        "number_after": round(flip.after, 4),
        "flipped": flip.flipped,
    }
    return _Map(flip.change.mean(dim=1) * opened.intensity, "change of the image's values", facts)


_MAPS: dict[Method, Callable[[Explainable, _How], _Map]] = {
    "gradcam": _gradcam,
    "deepshap": _deepshap,
    "class-model": _class_model,
    "adversarial": _adversarial,
}


def _per_cent(heat: Volume) -> tuple[Volume, Json]:
    """A map on the image in per cent of its largest value, so that one grey window shows all maps; what it is, and where.

    Scaled there, not before: the maps of a patch's magnifications add up.
    """
    peaks = [np.unravel_index(int(find(heat.array)), heat.array.shape) for find in (np.argmax, np.argmin)]
    i, j, k = max(peaks, key=lambda at: abs(heat.array[at]))
    largest = abs(float(heat.array[i, j, k]))
    place = heat.geometry.index_to_ras((float(i), float(j), float(k)))
    # Divided first: the largest is 100 exactly, and no reader of the file finds 100.00001.
    shares = Volume(heat.array / np.float32(largest or 1) * np.float32(100), heat.geometry)
    return shares, {"hottest_mm": [round(x, 2) for x in place], "largest": largest}


def _attribution(values: Tensor, checks: Json) -> _Map:
    return _Map(values, "per cent of the largest", {"checks": checks} if checks else {})


def _checks(subject: Subject, heat: Tensor, correlation: float) -> Json:
    both = curves(subject, heat)
    return {
        "randomised_rank_correlation": round(correlation, 4),
        "deletion_area": round(both.deletion_area, 4),
        "insertion_area": round(both.insertion_area, 4),
        "deletion": [round(x, 4) for x in both.deletion],
        "insertion": [round(x, 4) for x in both.insertion],
    }
