"""Training and versions, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from browser.shown import FigureRow, TrainingRow, VersionRow

if TYPE_CHECKING:
    from LesionLabLib.answers import Comparison, Training, Version


def training_row(training: Training) -> TrainingRow:
    """A training job in words and figures."""
    figures = [FigureRow("epoch", f"{training.epoch} of {training.epochs}")] if training.epochs else []
    if training.loss is not None:
        figures.append(FigureRow("loss", f"{training.loss:.3f}"))
    if training.score is not None:
        figures.append(FigureRow("validation", f"{training.score:.3f}"))
    if training.remaining_s is not None and not training.over:
        figures.append(FigureRow("remaining", duration(training.remaining_s)))
    return TrainingRow(
        state=training.state,
        percent=-1.0 if training.share is None else 100.0 * training.share,
        text=training.message,
        figures=tuple(figures),
        running=not training.over,
        comparison=_comparison(training.comparison) if training.comparison else "",
        promoted=bool(training.comparison and training.comparison.promoted),
    )


def version_rows(versions: Sequence[Version]) -> tuple[VersionRow, ...]:
    """Versions with their scores, in the order given."""
    return tuple(VersionRow(version.version, version.current, _version_text(version)) for version in versions)


def duration(seconds: float) -> str:
    """A time to wait, to the precision that one cares for."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _comparison(comparison: Comparison) -> str:
    known = (comparison.current, comparison.new, comparison.difference, comparison.low, comparison.high)
    if any(number is None for number in known):
        return comparison.reason
    current, new, difference, low, high = known
    return (
        f"{comparison.metric} {current:.3f} before, {new:.3f} now: {difference:+.3f} "
        f"({low:+.3f} to {high:+.3f}) on {comparison.cases} test cases. {comparison.reason}"
    ).strip()


def _version_text(version: Version) -> str:
    parts = [f"{name} {value:.3f}" for name, value in version.scores]
    if version.labels:
        parts.append(f"{version.labels} labels")
    if version.created:
        parts.append(version.created[:16].replace("T", " "))
    return ", ".join(parts) or version.reason
