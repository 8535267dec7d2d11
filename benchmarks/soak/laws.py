"""What must hold at every moment, whatever a reader does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.soak.settle import settle
from LesionLabLib.workflow.state import READY, REGION, RUNNING, WAITING, Lesion


class Laws:
    """Of the state, and of the scene that shows it.

    Args:
        workflow: of the extension.
        scene: its `CaseScene`.
    """

    def __init__(self, workflow: Any, scene: Any) -> None:
        self._workflow, self._scene = workflow, scene
        self._frozen: dict[str, str] = {}

    def check(self) -> None:
        """Raise an AssertionError when a law is broken."""
        state = self._workflow.state
        ids = [lesion.id for lesion in state.lesions]
        assert len(set(ids)) == len(ids)
        assert state.selected == "" or state.selected in ids
        assert (state.case is None) <= (not state.lesions)
        marks = {mark.id for mark in self._scene.read_marks()}
        assert marks == {lesion.id for lesion in state.lesions if lesion.shape != REGION}
        assert len(state.candidate_decisions) == len(state.candidates)
        self._check_frozen(state.lesions)
        if not state.activities and state.connection.status == READY:
            left = [lesion for lesion in state.lesions if lesion.status in {RUNNING, WAITING}]
            assert not left or self._may_be_delivered(), left

    def forget_frozen(self) -> None:
        """To be called after a change was taken back: a lesion may have been frozen with another mask then."""
        self._frozen.clear()

    def _may_be_delivered(self) -> bool:
        settle(self._workflow)
        return not any(lesion.status in {RUNNING, WAITING} for lesion in self._workflow.state.lesions)

    def _check_frozen(self, lesions: Sequence[Lesion]) -> None:
        frozen = {lesion.id for lesion in lesions if lesion.frozen}
        for lesion_id in frozen:
            crop = self._scene.mask_crop(lesion_id)
            now = hashlib.sha256((np.argwhere(crop.voxels) + crop.origin_index).tobytes()).hexdigest()
            assert self._frozen.setdefault(lesion_id, now) == now, f"{lesion_id} is frozen and has changed"
        self._frozen = {lesion_id: digest for lesion_id, digest in self._frozen.items() if lesion_id in frozen}
