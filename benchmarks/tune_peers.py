"""How the peers' settings were found: every combination of a small grid, mean Dice over all lesions, exact prompt.

They are tuned on the lesions that they are later compared on, which favours them. Results:
``results/peer_tuning.json``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.methods import settings_of
from benchmarks.peers.chan_vese import ChanVese
from benchmarks.peers.growcut import GrowCut
from benchmarks.peers.otsu import Otsu
from benchmarks.peers.peer import Peer
from benchmarks.peers.region_growing import RegionGrowing
from benchmarks.peers.walker import Walker
from benchmarks.real_cases import real_cases, skip_reason
from benchmarks.scoring import score

FILE = Path(__file__).parent / "results" / "peer_tuning.json"

_log = logging.getLogger("benchmarks")


def settings() -> Iterator[Peer]:
    """Every combination that is tried."""
    for inner, outer, smooth in product((0.35, 0.5, 0.65), (1.35, 1.5, 1.8, 2.1), (0.0, 0.7)):
        yield GrowCut(inner, outer, smooth)
    for inner, outer, beta in product((0.5, 0.65, 0.72), (1.2, 1.35, 1.5, 1.8), (500.0, 2000.0, 5000.0)):
        yield Walker(inner, outer, beta)
    for limit, core, smooth in product((1.0, 1.15, 1.3), (0.4, 0.6), (0.0, 1.0, 2.0)):
        yield Otsu(limit, core, smooth)
    for multiplier, rounds, limit, core in product((2.0, 2.5, 3.0), (0, 1, 2), (1.0, 1.1), (0.5, 0.8)):
        yield RegionGrowing(multiplier, rounds, limit, core)
    for start, limit, rounds, smoothing in product((0.7, 0.82), (1.0, 1.1), (20, 40), (1, 2)):
        yield ChanVese(start, limit, rounds, smoothing, smooth=1.0)


def mean_dice(peer: Peer) -> float:
    """Mean Dice over all lesions."""
    found = []
    for case in real_cases():
        mask = peer(case.image, case.point_mm, case.size_mm)
        found.append(score(mask, case.truth, with_distance=False).dice)
    return round(float(np.mean(found)), 4)


def main() -> None:
    """Try everything and write the results, best first within each method."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    reason = skip_reason()
    if reason is not None:
        _log.warning("skipped: %s", reason)
        return
    found = []
    for peer in settings():
        found.append((settings_of(peer), mean_dice(peer)))
        _log.info("%.4f %s", found[-1][1], found[-1][0])
    found.sort(key=lambda row: (row[0].split("(", maxsplit=1)[0], -row[1]))
    rows = [json.dumps({"settings": text, "mean_dice": dice}) for text, dice in found]
    FILE.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
