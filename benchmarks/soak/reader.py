"""A reader who does anything at any time, drawn from a seed."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.soak.actions import WEIGHTS, Actions
from benchmarks.soak.laws import Laws
from benchmarks.soak.outcomes import Outcomes
from benchmarks.soak.samples import Sample, census, resident_mib
from benchmarks.soak.settle import settle
from LesionLabLib.workflow.state import READY


class RandomReader:
    """Draws actions and checks the laws after each.

    Args:
        workflow: of the extension, connected.
        scene: its `CaseScene`.
        mrml: the MRML scene below.
        volume_id: a volume of the scene that may be worked on.
        seed: of the actions.

    Attributes:
        done: how often each action was done.
        outcomes: what came of them.
        samples: what was left behind whenever no image was open.
    """

    def __init__(self, workflow: Any, scene: Any, mrml: Any, volume_id: str, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.outcomes = Outcomes(workflow)
        self.samples: list[Sample] = []
        self._workflow, self._mrml = workflow, mrml
        self._rng = np.random.default_rng(seed)
        self._actions = Actions(workflow, scene, mrml, volume_id, self._rng)
        self._laws = Laws(workflow, scene)
        self._started = time.monotonic()

    def act(self) -> None:
        """One action, a little time, and the laws."""
        names = list(WEIGHTS)
        chances = np.array([WEIGHTS[name] for name in names], float)
        name = self._needed() or names[self._rng.choice(len(names), p=chances / chances.sum())]
        getattr(self._actions, name)()
        if name in {"undo", "redo"}:
            self._laws.forget_frozen()
        self.done[name] += 1
        self.outcomes.count_action()
        for _ in range(self._rng.integers(0, 6)):
            time.sleep(float(self._rng.uniform(0, 0.008)))
            self._workflow.tick()
        self._laws.check()

    def sample(self) -> Sample:
        """Close the image and see what is left behind."""
        settle(self._workflow)
        self._workflow.close_case(discard=True)
        settle(self._workflow)
        gc.collect()
        nodes, observers = census(self._mrml)
        seconds = time.monotonic() - self._started
        found = Sample(round(seconds, 1), sum(self.done.values()), nodes, observers, round(resident_mib(), 1))
        self.samples.append(found)
        return found

    def _needed(self) -> str:
        """Half of the time, what nothing else can be done without."""
        state = self._workflow.state
        if self._rng.integers(2):
            return ""
        if state.connection.status != READY:
            return "reconnect" if self._rng.integers(2) else ""
        if state.case is None and not state.activities:
            return "open_case" if self._rng.integers(4) else "use_volume"
        return ""


def soak(reader: RandomReader, seconds: float, sample_every: float, between: Callable[[float], None]) -> None:
    """Let a reader act for a while. ``between`` is called before each action with the seconds gone."""
    started = last = time.monotonic()
    reader.sample()
    while (now := time.monotonic()) - started < seconds:
        between(now - started)
        reader.act()
        if time.monotonic() - last > sample_every:
            reader.sample()
            last = time.monotonic()
    reader.sample()
