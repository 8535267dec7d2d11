"""What a reader leaves behind: nodes, observers, memory, errors in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sample:
    """What is there while no image is open."""

    seconds: float
    actions: int
    nodes: int
    observers: int
    resident_mib: float


class Faults(logging.Handler):
    """Collects what the extension logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(self.format(record))


def census(mrml: Any) -> tuple[int, int]:
    """How many nodes a scene has, and how many observers it and they have, as VTK itself lists them."""
    nodes = [mrml.GetNthNode(n) for n in range(mrml.GetNumberOfNodes())]
    return len(nodes), sum(str(thing).count("\n        Tag: ") for thing in [mrml, *nodes])


def resident_mib() -> float:
    """Memory that this process holds."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def growth_mib(samples: Sequence[Sample]) -> float:
    """How much more memory the last third of the samples holds than the middle third, by their medians."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[-third:]
    return float(np.median([s.resident_mib for s in last]) - np.median([s.resident_mib for s in middle]))
