"""A reader who does anything at any time, and what must hold whatever they do."""

from __future__ import annotations

import gc
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from LesionLabLib.scene import VolumeRef
from LesionLabLib.workflow.state import DONE, READY, REGION, RUNNING, WAITING, Lesion

#: How often each action is drawn, relative to the others.
WEIGHTS = {
    "place": 10, "place_without_size": 3, "place_line": 2, "place_circle": 2, "place_outside": 1, "resize": 12, "move": 5,
    "exclude": 4, "freeze": 4, "unfreeze": 2, "delete": 5, "rename": 1, "select": 3, "undo": 8, "redo": 6, "back_and_forth": 2,
    "presence": 2, "run": 3, "choose_task": 1, "next_candidate": 1, "accept": 2, "reject": 1, "heat": 2, "hide_heat": 1,
    "set_heat": 2, "cancel": 5, "submit": 4, "open_case": 4, "open_next": 1, "use_volume": 1, "edit_volume": 1, "close_case": 1,
    "reconnect": 1, "refresh": 1,
}  # fmt: skip
_MOST_LESIONS = 8


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


class RandomReader:
    """Draws actions from a seed and checks the laws.

    Args:
        workflow: of the extension, connected.
        scene: its `CaseScene`.
        mrml: the MRML scene below.
        volume_id: a volume of the scene that may be worked on.
        seed: of the actions.
    """

    def __init__(self, workflow: Any, scene: Any, mrml: Any, volume_id: str, seed: int) -> None:
        self.workflow = workflow
        self.scene = scene
        self.mrml = mrml
        self.done: Counter[str] = Counter()
        self.notices: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self._volume_id = volume_id
        self._rng = np.random.default_rng(seed)
        self._frozen: dict[str, str] = {}
        self._started = time.monotonic()
        self._last: Any = workflow.state
        workflow.subscribe(self._count)

    def act(self) -> None:
        """One action, a little time, and the laws."""
        names = list(WEIGHTS)
        chances = np.array([WEIGHTS[name] for name in names], float)
        name = self._needed() or names[self._rng.choice(len(names), p=chances / chances.sum())]
        getattr(self, f"_{name}")()
        self.done[name] += 1
        self._count_work()
        for _ in range(self._rng.integers(0, 6)):
            time.sleep(float(self._rng.uniform(0, 0.008)))
            self.workflow.tick()
        self._check()

    def settle(self, seconds: float = 120.0) -> None:
        """Wait until nothing is left to do."""
        end = time.monotonic() + seconds
        while self.workflow.state.activities:
            if time.monotonic() > end:
                raise AssertionError(f"still at work: {self.workflow.state.activities}")
            self.workflow.tick()
            time.sleep(0.002)
        # Quiet requests are not among the activities.
        for _ in range(20):
            self.workflow.tick()
            time.sleep(0.002)

    def sample(self) -> Sample:
        """Close the image and see what is left behind."""
        self.settle()
        self.workflow.close_case(discard=True)
        self.settle()
        gc.collect()
        nodes, observers = census(self.mrml)
        seconds = time.monotonic() - self._started
        found = Sample(round(seconds, 1), sum(self.done.values()), nodes, observers, round(resident_mib(), 1))
        self.samples.append(found)
        return found

    def _needed(self) -> str:
        """Half of the time, what nothing else can be done without."""
        state = self.workflow.state
        if self._rng.integers(2):
            return ""
        if state.connection.status != READY:
            return "reconnect" if self._rng.integers(2) else ""
        if state.case is None and not state.activities:
            return "open_case" if self._rng.integers(4) else "use_volume"
        return ""

    # What must hold at every moment

    def _check(self) -> None:
        state = self.workflow.state
        ids = [lesion.id for lesion in state.lesions]
        assert len(set(ids)) == len(ids)
        assert state.selected == "" or state.selected in ids
        assert (state.case is None) <= (not state.lesions)
        marks = {mark.id for mark in self.scene.read_marks()}
        assert marks == {lesion.id for lesion in state.lesions if lesion.shape != REGION}
        assert len(state.candidate_decisions) == len(state.candidates)
        self._check_frozen(state.lesions)
        if not state.activities and state.connection.status == READY:
            left = [lesion for lesion in state.lesions if lesion.status in {RUNNING, WAITING}]
            assert not left or self._may_be_delivered(), left

    def _may_be_delivered(self) -> bool:
        self.settle()
        return not any(lesion.status in {RUNNING, WAITING} for lesion in self.workflow.state.lesions)

    def _check_frozen(self, lesions: Sequence[Lesion]) -> None:
        frozen = {lesion.id for lesion in lesions if lesion.frozen}
        for lesion_id in frozen:
            crop = self.scene.mask_crop(lesion_id)
            now = hashlib.sha256((np.argwhere(crop.voxels) + crop.origin_index).tobytes()).hexdigest()
            assert self._frozen.setdefault(lesion_id, now) == now, f"{lesion_id} is frozen and has changed"
        self._frozen = {lesion_id: digest for lesion_id, digest in self._frozen.items() if lesion_id in frozen}

    def _count(self, state: Any) -> None:
        """What came of it: that something comes of it is part of the result."""
        last, self._last = self._last, state
        if state.notice is not None and state.notice is not last.notice:
            self.notices[state.notice.level] += 1
        if state.lesions is not last.lesions:
            for lesion in state.lesions:
                old = last.lesion(lesion.id)
                if lesion.status == DONE and old is not None and old.status == RUNNING:
                    self.seen["masks from the server"] += 1
        if state.case is not None and last.case is not None and state.case.revision != last.case.revision:
            self.seen["labels saved"] += 1
        if state.case is not None and last.case is None:
            self.seen["images opened"] += 1
        if state.connection.status != last.connection.status:
            self.seen[f"connection {state.connection.status}"] += 1

    def _count_work(self) -> None:
        state = self.workflow.state
        self.seen["actions on an open image"] += state.case is not None
        self.seen["actions among lesions"] += bool(state.lesions)
        self.seen["actions while a request ran"] += bool(state.activities)

    # Actions

    def _point(self) -> tuple[float, float, float]:
        case = self.workflow.state.case
        if case is None:
            return (0.0, 0.0, 0.0)
        shape, affine = self.scene.volume_geometry(VolumeRef(case.volume_id, case.name))
        index = self._rng.uniform(0, np.asarray(shape) - 1)
        point = affine @ [*index, 1.0]
        return float(point[0]), float(point[1]), float(point[2])

    def _size(self) -> float:
        return float(self._rng.uniform(4, 20))

    def _any(self) -> str:
        lesions = self.workflow.state.lesions
        return lesions[self._rng.integers(len(lesions))].id if lesions else ""

    def _room(self) -> bool:
        lesions = self.workflow.state.lesions
        if len(lesions) < _MOST_LESIONS:
            return True
        soft = [lesion.id for lesion in lesions if not lesion.frozen]
        if soft:
            self.workflow.delete(soft[0])
        else:
            self.workflow.freeze(lesions[0].id, False)
        return False

    def _place(self) -> None:
        if self._room():
            self.workflow.place_point(self._point(), self._size())

    def _place_without_size(self) -> None:
        if self._room():
            self.workflow.place_point(self._point())

    def _place_line(self) -> None:
        if self._room():
            self.workflow.place_line(self._point(), self._point())

    def _place_circle(self) -> None:
        if self._room():
            self.workflow.place_circle(self._point(), self._size() / 2, int(self._rng.integers(3)))

    def _place_outside(self) -> None:
        self.workflow.place_point((9999.0, 0.0, 0.0), self._size())

    def _resize(self) -> None:
        lesion_id = self._any()
        for size in np.linspace(self._size(), self._size(), int(self._rng.integers(1, 6))):
            self.workflow.resize(lesion_id, float(size))
            self.workflow.tick()

    def _move(self) -> None:
        self.workflow.move(self._any(), self._point())

    def _exclude(self) -> None:
        self.workflow.exclude(self._point())

    def _freeze(self) -> None:
        self.workflow.freeze(self._any())

    def _unfreeze(self) -> None:
        self.workflow.freeze(self._any(), False)

    def _delete(self) -> None:
        self.workflow.delete(self._any())

    def _rename(self) -> None:
        self.workflow.rename(self._any(), f"Lesion {self._rng.integers(99)}")

    def _select(self) -> None:
        self.workflow.select(self._any())

    def _undo(self) -> None:
        for _ in range(self._rng.integers(1, 4)):
            self.workflow.undo()
        self._frozen.clear()  # what is taken back may have been frozen otherwise

    def _redo(self) -> None:
        for _ in range(self._rng.integers(1, 4)):
            self.workflow.redo()
        self._frozen.clear()

    def _back_and_forth(self) -> None:
        """Undo and redo lead back to where one was."""
        self.settle()
        state = self.workflow.state
        if not state.can_undo or any(lesion.status != DONE for lesion in state.lesions):
            return
        before = self._picture()
        self.workflow.undo()
        self.workflow.redo()
        assert self._picture() == before

    def _picture(self) -> Any:
        lesions = [(one.id, one.prompt, one.frozen, one.name) for one in self.workflow.state.lesions]
        return lesions, self.scene.labelmap()[0].tobytes() if self.workflow.state.case is not None else b""

    def _presence(self) -> None:
        self.workflow.set_presence("disease", bool(self._rng.integers(2)))

    def _run(self) -> None:
        self.workflow.run()

    def _choose_task(self) -> None:
        tasks = self.workflow.state.tasks
        if tasks:
            self.workflow.choose_task(tasks[self._rng.integers(len(tasks))].name)

    def _next_candidate(self) -> None:
        self.workflow.next_candidate()

    def _accept(self) -> None:
        if self._room():
            self.workflow.accept_candidate()

    def _reject(self) -> None:
        self.workflow.reject_candidate()

    def _heat(self) -> None:
        heats = self.workflow.state.heats
        self.workflow.show_heat(heats[self._rng.integers(len(heats))] if heats else "")

    def _hide_heat(self) -> None:
        self.workflow.hide_heat()

    def _set_heat(self) -> None:
        self.workflow.set_heat(float(self._rng.uniform()), float(self._rng.uniform()))

    def _cancel(self) -> None:
        activities = self.workflow.state.activities
        if activities:
            self.workflow.cancel(activities[self._rng.integers(len(activities))].id)

    def _submit(self) -> None:
        self.workflow.submit(over_conflict=bool(self._rng.integers(2)))

    def _open_case(self) -> None:
        cases = self.workflow.state.cases
        if cases:
            name = cases[self._rng.integers(len(cases))].image
            self.workflow.open_case(name, discard=bool(self._rng.integers(2)))

    def _open_next(self) -> None:
        strategies = self.workflow.state.strategies
        if strategies:
            self.workflow.open_next(strategies[0], discard=True)

    def _use_volume(self) -> None:
        self.workflow.use_volume(self._volume_id, discard=bool(self._rng.integers(2)))

    def _edit_volume(self) -> None:
        node = self.mrml.GetNodeByID(self._volume_id)
        scalars = node.GetImageData().GetPointData().GetScalars()
        scalars.SetTuple1(int(self._rng.integers(scalars.GetNumberOfTuples())), float(self._rng.integers(100)))
        scalars.Modified()
        node.GetImageData().Modified()

    def _close_case(self) -> None:
        self.workflow.close_case(discard=bool(self._rng.integers(2)))

    def _reconnect(self) -> None:
        self.workflow.reconnect()

    def _refresh(self) -> None:
        self.workflow.refresh_cases()


def census(mrml: Any) -> tuple[int, int]:
    """How many nodes a scene has, and how many observers it and they have, as VTK itself lists them."""
    nodes = [mrml.GetNthNode(n) for n in range(mrml.GetNumberOfNodes())]
    return len(nodes), sum(str(thing).count("\n        Tag: ") for thing in [mrml, *nodes])


def add_scan(mrml: Any, shape: tuple[int, int, int], seed: int) -> str:
    """A volume of noise with a bright block; returns its MRML id."""
    import vtk
    from vtk.util import numpy_support

    voxels = np.random.default_rng(seed).normal(0, 10, shape).astype(np.int16)
    voxels[tuple(slice(n // 3, n // 2) for n in shape)] += 100
    image = vtk.vtkImageData()
    image.SetDimensions(*shape)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(voxels.transpose(2, 1, 0).ravel(), deep=True))
    node = mrml.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    node.SetSpacing(1.0, 1.0, 1.5)
    node.SetAndObserveImageData(image)
    return str(node.GetID())


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
