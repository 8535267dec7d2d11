"""Compare `lesion_shape` with its peers on the real lesions, with the same clicks and sizes.

    python -m benchmarks.shape_comparison                  # the tables, from stored scores where there are
    python -m benchmarks.shape_comparison --models DIR     # ours anew, by patient-wise cross-validation

DIR holds ``fold0`` to ``fold4``, each the folder of a model that was trained without that fold's patients
(``benchmarks/folds.py``). The peers' scores are kept in ``results/shape_peers.json`` and computed anew only when a
peer's settings change.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich.progress import track

from benchmarks.folds import FOLD_OF
from benchmarks.methods import OURS, PEERS, CrossValidated, peer_method, settings_of
from benchmarks.real_cases import read_cases, skip_reason, volume_names
from benchmarks.records import Method, Record, read_records, record, write_records
from benchmarks.shape_overlays import contact_sheet
from benchmarks.shape_report import markdown, write_between
from benchmarks.summary import changes, differences, group_scores, reliability_bins
from benchmarks.trials import DRAWN, trials_of
from lesionlab.errors import LesionLabError
from lesionlab.metrics.calibration import expected_error

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
SHEET = ROOT / "docs" / "images" / "shape_comparison.png"
MARKER = "shape comparison"

_log = logging.getLogger("benchmarks")


def score_all(methods: Mapping[str, Method], patients: Mapping[str, int]) -> list[Record]:
    """Every method on every trial of every lesion; volumes in the order of their patients' folds."""
    if not methods:
        return []
    names = sorted(volume_names(), key=lambda name: (patients[_patient(name)], name))
    records = []
    for name in track(names, "volumes", disable=not sys.stdout.isatty()):
        for case in read_cases(name):
            for trial in trials_of(case):
                records += [record(method_name, method, trial) for method_name, method in methods.items()]
    return records


def peer_records(file: Path) -> list[Record]:
    """The peers' scores: those stored with the same settings, the others computed now and stored."""
    stored, settings = read_records(file)
    wanted = {name: f"{settings_of(peer)}; {DRAWN}" for name, peer in PEERS.items()}
    fresh = {name for name in PEERS if settings.get(name) == wanted[name]}
    stale = {name: peer_method(peer) for name, peer in PEERS.items() if name not in fresh}
    kept = [r for r in stored if r.method in fresh]
    if not stale:
        return kept
    _log.info("scoring the peers %s", ", ".join(stale))
    records = kept + score_all(stale, FOLD_OF)
    order = list(PEERS)
    records.sort(key=lambda r: (order.index(r.method), r.case))
    write_records(records, file, wanted)
    return records


def write_summary(records: list[Record], with_ours: bool, file: Path) -> None:
    """Every number of the report as JSON."""
    methods = [OURS, *PEERS] if with_ours else list(PEERS)
    content: dict[str, object] = {
        "groups": [asdict(s) for s in group_scores(records, methods)],
        "changes": [asdict(c) for c in changes(records, methods)],
    }
    if with_ours:
        bins = reliability_bins(records, OURS)
        content["differences"] = [asdict(d) for d in differences(records, OURS, list(PEERS))]
        content["reliability"] = {"bins": [asdict(b) for b in bins], "mean_gap": expected_error(bins)}
    file.write_text(json.dumps(_rounded(content), indent=1) + "\n", encoding="utf-8")


def own_records(file: Path, models: Path | None, folds: Mapping[str, int]) -> list[Record]:
    """The network's scores: of these models, or without them those stored by an earlier call, if any."""
    if models is None:
        return read_records(file)[0]
    records = score_all({OURS: CrossValidated(models, folds)}, folds)
    write_records(records, file, {OURS: f"five-fold cross-validation by patient; {DRAWN}"})
    return records


def run(models: Path | None, folds: Mapping[str, int], with_sheet: bool) -> None:
    """Score, then write the summary, the page's tables and, with the models at hand, the contact sheet."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    own = own_records(RESULTS / "shape_ours.json", models, folds)
    records = own + peer_records(RESULTS / "shape_peers.json")
    write_summary(records, bool(own), RESULTS / "shape_comparison.json")
    text = markdown(records, OURS if own else None, list(PEERS))
    write_between(PAGE, MARKER, text)
    _log.info("%s", text)
    if models is not None and with_sheet:
        SHEET.parent.mkdir(parents=True, exist_ok=True)
        shown: dict[str, Method] = {
            OURS: CrossValidated(models, folds),
            "random walker": peer_method(PEERS["random walker"]),
        }
        contact_sheet(records, shown, OURS, SHEET)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="compare lesion_shape with its peers on the real lesions")
    parser.add_argument("--models", type=Path, help="folder of fold0, fold1, ...; without it the stored scores")
    parser.add_argument("--folds", type=Path, help="JSON of patient -> fold; default: benchmarks/folds.py")
    parser.add_argument("--no-overlays", action="store_true", help="leave out the contact sheet")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    reason = skip_reason()
    if reason is not None:
        _log.warning("skipped: %s", reason)
        return 0
    folds = FOLD_OF if options.folds is None else json.loads(options.folds.read_text(encoding="utf-8"))
    try:
        run(options.models, folds, not options.no_overlays)
    except LesionLabError as error:
        _log.error("%s", error)
        return error.exit_status
    return 0


def _patient(volume: str) -> str:
    return f"STS_{volume.split('_')[1]}" if volume.startswith("sts_") else volume


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    raise SystemExit(main())
