"""A workflow on a real MRML scene, and the loop that its host would run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import slicer

from LesionLabLib.scene import CaseScene
from LesionLabLib.worker import Worker
from LesionLabLib.workflow.state import Lesion, Settings, State
from LesionLabLib.workflow.workflow import Workflow


class Desk:
    """One reader at work."""

    def __init__(self, client_factory, folder: Path, author: str = "reader A", **settings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.mrml = slicer.vtkMRMLScene()
        self.scene = CaseScene(self.mrml)
        self.worker = Worker()
        self.notices: list = []
        self.workflow = Workflow(
            client_factory, self.scene, self.worker, Settings(f"desk-{author}", author, folder, **settings)
        )
        self.workflow.subscribe(self._listen)

    def _listen(self, state: State) -> None:
        if state.notice is not None and (not self.notices or self.notices[-1] is not state.notice):
            self.notices.append(state.notice)

    @property
    def state(self) -> State:
        return self.workflow.state

    @property
    def said(self) -> str:
        """The last notice."""
        return "" if self.state.notice is None else self.state.notice.text

    def until(self, done, seconds: float = 20.0) -> None:
        """Tick until ``done(state)``."""
        end = time.monotonic() + seconds
        while not done(self.state):
            assert time.monotonic() < end, (self.state.notice, self.state.connection, self.state.activities)
            self.workflow.tick()
            time.sleep(0.002)

    def settle(self, seconds: float = 20.0) -> None:
        """Tick until nothing is left to do."""
        end = time.monotonic() + seconds
        while self.worker.activities() or self.worker._outcomes:
            assert time.monotonic() < end, self.worker.activities()
            self.workflow.tick()
            time.sleep(0.002)
        self.workflow.tick()

    def ticks(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.workflow.tick()
            time.sleep(0.002)

    def lesion(self, place: int = 0) -> Lesion:
        return self.state.lesions[place]

    def voxels(self, place: int = 0) -> np.ndarray:
        """A lesion's mask on the whole lattice, bool."""
        return self.scene.mask_voxels(self.lesion(place).id).astype(bool)

    def close(self) -> None:
        self.workflow.close()
