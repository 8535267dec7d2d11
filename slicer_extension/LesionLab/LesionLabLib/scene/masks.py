"""Which lesion has which voxel. Nothing of MRML here.

Each lesion claims the voxels of the mask it was given. A claimed voxel belongs to the finished (frozen) lesion among its claimants,
otherwise to the one whose mask was given last. Claims are kept: a lesion gets its voxels back when a later neighbour shrinks or
goes.
Freezing makes what a lesion shows its claim; therefore no two finished lesions claim the same voxel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from LesionLabLib.answers import Crop

from .errors import SceneError
from .lattice import Shape, box_of, on_lattice, same, touch, trimmed, without
from .matrices import moved
from .values import Colour, MaskState


class Masks:
    """The masks of one image.

    Args:
        shape: The image's (i, j, k).
        affine: Its 4x4, index to world RAS mm.
    """

    def __init__(self, shape: Shape, affine: np.ndarray) -> None:
        self.shape = shape
        self.affine = affine
        self._states: dict[str, MaskState] = {}
        self._shown: dict[str, Crop] = {}

    @property
    def states(self) -> tuple[MaskState, ...]:
        """Every lesion's claim, in the order of the labelmap's values."""
        return tuple(self._states.values())

    def state(self, lesion_id: str) -> MaskState | None:
        """One lesion's claim, or None."""
        return self._states.get(lesion_id)

    def give(self, lesion_id: str, crop: Crop, colour: Colour, name: str) -> None:
        """Give a lesion its mask.

        Raises:
            SceneError: the lesion is finished, or the crop is of another image.
        """
        old = self._states.get(lesion_id)
        if old is not None and old.frozen:
            raise SceneError(f"{old.name or 'The lesion'} is finished. Unfreeze it to change its mask.")
        claim = on_lattice(crop, self.shape, self.affine)
        self._set(MaskState(lesion_id, claim, colour, False, self._next_rank(), name))

    def move(self, shape: Shape, affine: np.ndarray) -> None:
        """The image was moved: its masks go with it.

        Raises:
            SceneError: it was resampled, so that the masks have lost their voxels.
        """
        if shape != self.shape:
            raise SceneError("The image has changed its size since it was opened. Open it again.")
        self.affine = affine
        self.put_back(self.states)

    def rename(self, lesion_id: str, name: str, colour: Colour) -> None:
        """Give a lesion that has a mask another name or colour; a finished one too."""
        state = self._states.get(lesion_id)
        if state is not None and (state.name, state.colour) != (name, colour):
            self._states[lesion_id] = replace(state, name=name, colour=colour)

    def take(self, lesion_id: str) -> None:
        """Take a lesion's mask away."""
        state = self._states.pop(lesion_id, None)
        self._shown.pop(lesion_id, None)
        if state is not None:
            self._changed(state.crop)

    def freeze(self, lesion_id: str, frozen: bool) -> None:
        """Finish a lesion, or let it change again; either way it shows the same voxels as before."""
        state = self._states.get(lesion_id)
        if state is None or state.frozen == frozen:
            return
        rank = state.rank if frozen else self._next_rank()
        self._set(replace(state, crop=self.shown(lesion_id), frozen=frozen, rank=rank))

    def paint(self, lesion_id: str, inside: np.ndarray, first: Shape) -> Crop:
        """Take over what the user painted by hand: bool voxels, the first of which is voxel ``first`` of the image; their claim."""
        claim = trimmed(inside, first, self.shape, self.affine)
        self._set(replace(self._states[lesion_id], crop=claim, rank=self._next_rank()))
        return claim

    def put_back(self, states: tuple[MaskState, ...]) -> None:
        """All claims as they were; where the image was moved since, they are moved too."""
        self._states = {state.lesion_id: self._moved(state) for state in states}
        self._shown.clear()

    def shown(self, lesion_id: str) -> Crop:
        """The voxels that belong to a lesion."""
        if lesion_id not in self._shown:
            mine = self._states[lesion_id]
            crop = mine.crop
            for other in self._states.values():
                if _precedence(other) > _precedence(mine) and touch(crop, other.crop):
                    crop = without(crop, other.crop, self.affine)
            self._shown[lesion_id] = crop
        return self._shown[lesion_id]

    def voxels(self, lesion_id: str) -> np.ndarray:
        """uint8 0/1 on the whole lattice."""
        whole = np.zeros(self.shape, dtype=np.uint8)
        if lesion_id in self._states:
            crop = self.shown(lesion_id)
            whole[box_of(crop)] = crop.voxels
        return whole

    def labelmap(self) -> np.ndarray:
        """Lesion n (from 1) has value n; uint8, or uint16 beyond 255 lesions."""
        whole = np.zeros(self.shape, dtype=np.uint8 if len(self._states) <= 255 else np.uint16)
        for value, lesion_id in enumerate(self._states, start=1):
            crop = self.shown(lesion_id)
            whole[box_of(crop)][crop.voxels] = value
        return whole

    def differs(self, lesion_id: str, crop: Crop | None) -> bool:
        """Whether a lesion shows other voxels than these."""
        return crop is None or not same(self.shown(lesion_id), crop)

    def _set(self, state: MaskState) -> None:
        before = self._states.get(state.lesion_id)
        self._states[state.lesion_id] = state
        self._shown.pop(state.lesion_id, None)
        self._changed(state.crop if before is None else before.crop, state.crop)

    def _changed(self, *crops: Crop) -> None:
        """Whoever shares voxels with these crops has to be divided again."""
        for lesion_id, state in self._states.items():
            if any(touch(state.crop, crop) for crop in crops):
                self._shown.pop(lesion_id, None)

    def _moved(self, state: MaskState) -> MaskState:
        affine = moved(self.affine, state.crop.origin_index)
        if np.array_equal(affine, state.crop.affine):
            return state
        return replace(state, crop=replace(state.crop, affine=affine))

    def _next_rank(self) -> int:
        return 1 + max((state.rank for state in self._states.values()), default=0)


def _precedence(state: MaskState) -> tuple[bool, int]:
    return state.frozen, state.rank
