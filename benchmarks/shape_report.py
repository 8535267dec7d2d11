"""The comparison as markdown, written between two markers of a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.records import Record
from benchmarks.summary import (
    CHANGES,
    REPORTED,
    GroupScore,
    changes,
    differences,
    group_scores,
    reliability_bins,
)
from lesionlab.errors import InputError
from lesionlab.metrics.calibration import expected_error


def markdown(records: Sequence[Record], ours: str | None, peers: Sequence[str]) -> str:
    """Every table; ``ours`` None leaves out what only the network has."""
    methods = ([ours] if ours else []) + list(peers)
    parts = [_dice(records, methods), _distances(records, methods)]
    if ours:
        parts.append(_differences(records, ours, peers))
    parts.append(_changes(records, methods))
    if ours:
        parts.append(_reliability(records, ours))
    return "\n\n".join(parts)


def write_between(page: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` in a page.

    Raises:
        InputError: when the page has no such markers.
    """
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    if not pattern.search(old):
        raise InputError(f"{page}: no markers for {name!r}", expected=f"<!-- {name} --> and <!-- /{name} -->")
    page.write_text(pattern.sub(lambda found: f"{found[1]}{text}\n{found[2]}", old), encoding="utf-8")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _dice(records: Sequence[Record], methods: Sequence[str]) -> str:
    scores = {(s.method, s.group): s for s in group_scores(records, methods)}
    head = ["mean Dice ± SD"]
    for group in REPORTED:
        first = scores[methods[0], group]
        head.append(f"{group} ({first.lesions} / {first.patients})")
    rows = [
        [method, *(f"{scores[method, g].dice_mean:.3f} ± {scores[method, g].dice_sd:.3f}" for g in REPORTED)]
        for method in methods
    ]
    return "Exact click and size; in brackets lesions / patients.\n\n" + _table(head, rows)


def _distances(records: Sequence[Record], methods: Sequence[str]) -> str:
    scores = {(s.method, s.group): s for s in group_scores(records, methods)}
    rows = []
    for method in methods:
        cells = []
        for group in REPORTED:
            s = scores[method, group]
            cells.append(f"{_hd95(s)}; {s.volume_error_median:.0%} ({s.volume_bias_median:+.0%})")
        rows.append([method, *cells])
    return "Median HD95 (mm); median absolute volume error (median signed error).\n\n" + _table(["", *REPORTED], rows)


def _hd95(score: GroupScore) -> str:
    """The distance, and of how many lesions where some have an empty mask."""
    median = "-" if score.hd95_median_mm is None else f"{score.hd95_median_mm:.1f}"
    return median if score.hd95_lesions == score.lesions else f"{median} (of {score.hd95_lesions})"


def _differences(records: Sequence[Record], ours: str, peers: Sequence[str]) -> str:
    found = {(d.peer, d.group): d for d in differences(records, ours, peers)}
    rows = []
    for peer in peers:
        cells = [f"{d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}]" for d in (found[peer, g] for g in REPORTED)]
        rows.append([peer, *cells])
    return (
        f"Dice of {ours} minus the peer's on the same lesions [95 % interval, bootstrap over patients].\n\n"
        + _table(["minus", *REPORTED], rows)
    )


def _changes(records: Sequence[Record], methods: Sequence[str]) -> str:
    found = {(c.method, c.change, c.group): c for c in changes(records, methods)}
    rows = []
    for method in methods:
        for group in ("focal", "all sarcomas", "all"):
            rows.append([method, group, *(f"{found[method, change, group].difference:+.3f}" for change in CHANGES)])
    return "Change of the mean Dice when the click, the size or the volume's edges are changed.\n\n" + _table(
        ["", "group", *CHANGES], rows
    )


def _reliability(records: Sequence[Record], ours: str) -> str:
    bins = reliability_bins(records, ours)
    rows = [[f"{b.low:.1f} to {b.high:.1f}", str(b.count), f"{b.predicted:.3f}", f"{b.observed:.3f}"] for b in bins]
    return f"Certainty against Dice, all trials; mean gap {expected_error(bins):.3f}.\n\n" + _table(
        ["certainty", "answers", "mean certainty", "mean Dice"], rows
    )
