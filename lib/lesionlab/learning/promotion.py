"""Whether a new version answers from now on: it must not be worse on patients that no version was trained on.

The cases are those of the frozen test patients whose labels the current version knew too (while the shipped weights answer:
the first version that was trained) and that nobody has changed since, so that a batch of labels cannot vote for itself. When
that version knew fewer than ``PATIENTS`` test patients, all labelled ones count; when these are too few, the validation
patients as well, though the best epoch was chosen by them. When it knew enough and their labels were changed since, a person
must decide.

The rule, for the difference of the means (new - current) and its 95 % interval by resampling patients:

- not worse: the interval's lower bound lies above ``-MARGIN``; or
- better: the mean difference is at least 0, and the lower bound lies above ``-RISK``.

With very few patients the lower bound is the worst patient's difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lesionlab.metrics.bootstrap import mean_interval
from lesionlab.store.cases import Case
from lesionlab.store.versions import SHIPPED, Comparison, PairedScore, UsedLabel

#: The fewest patients that a comparison may rest on.
PATIENTS = 3
MARGIN = 0.01
RISK = 0.05
_SEED = 0


def choose_cases(
    cases: Sequence[Case], labels: Sequence[UsedLabel], known: Sequence[UsedLabel] | None
) -> tuple[tuple[Case, ...], str]:
    """The cases to compare on, and in words which these are.

    Args:
        cases: the labelled cases of the studies.
        labels: their labels now.
        known: the labels that were there before; None when there is no version that knew any.
    """
    parts = {label.image: label.part for label in labels}
    test = [case for case in cases if parts.get(case.image.name) == "test"]
    if known is not None and len({label.patient for label in known if label.part == "test"}) >= PATIENTS:
        before, now = ({(label.image, label.sha256) for label in some} for some in (known, labels))
        unchanged = {image for image, _ in before & now}
        old = tuple(case for case in test if case.image.name in unchanged)
        return old, "test patients whose labels were there before"
    if _patients(test) >= PATIENTS:
        return tuple(test), "test patients"
    more = tuple(case for case in cases if parts.get(case.image.name) in ("test", "validation"))
    return more, f"test and validation patients, because only {_patients(test)} test patients have labels"


def compare(metric: str, against: str, scores: Sequence[PairedScore], who: str) -> Comparison:
    """Apply the rule.

    Args:
        metric: what the scores are.
        against: the current version.
        scores: of both versions, case by case.
        who: whose cases they are, in words.
    """
    pairs = [(score.current, score.new, score.patient) for score in scores if score.current is not None]
    patients = len({patient for _, _, patient in pairs})
    if patients < PATIENTS:
        reason = (
            f"not promoted: the comparison rests on {patients} {who}, and it takes {PATIENTS} patients; label more, "
            "or promote the version yourself"
        )
        return Comparison(
            metric=metric, against=against, cases=len(pairs), patients=patients, promoted=False, reason=reason
        )
    old, new = (np.array([pair[side] for pair in pairs], dtype=np.float64) for side in (0, 1))
    found = mean_interval(new - old, np.random.default_rng(_SEED), [patient for _, _, patient in pairs])
    promoted = found.low > -MARGIN or (found.mean >= 0 and found.low > -RISK)
    words = (
        f"{metric} {new.mean():.3f} against {old.mean():.3f} of {against} on {len(pairs)} cases of {patients} {who}: "
        f"difference {found.mean:+.3f} (95 % interval {found.low:+.3f} to {found.high:+.3f})"
    )
    return Comparison(
        metric=metric,
        against=against,
        current=float(old.mean()),
        new=float(new.mean()),
        difference=found.mean,
        low=found.low,
        high=found.high,
        cases=len(pairs),
        patients=patients,
        promoted=promoted,
        reason=f"promoted: {words}" if promoted else f"not promoted, because it is not shown to be as good: {words}",
    )


def first(metric: str, scores: Sequence[PairedScore]) -> Comparison:
    """The first version of a task that had no model: it is promoted, there is nothing that it could be worse than."""
    values = [score.new for score in scores]
    return Comparison(
        metric=metric,
        against=SHIPPED,
        new=float(np.mean(values)) if values else None,
        cases=len(values),
        patients=len({score.patient for score in scores}),
        promoted=True,
        reason="promoted: the task had no model before",
    )


def _patients(cases: Sequence[Case]) -> int:
    return len({case.patient for case in cases})
