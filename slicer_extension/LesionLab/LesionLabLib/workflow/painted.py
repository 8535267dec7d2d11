"""Whether the masks are still those that were opened or submitted: they also change by hand, in Slicer's own editor."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from LesionLabLib.scene import CaseScene


def masks_digest(scene: CaseScene) -> str:
    """Changes when, and only when, a voxel of a lesion's mask does."""
    total = hashlib.sha256()
    for state in sorted(scene.snapshot().masks, key=lambda state: state.lesion_id):
        crop = scene.mask_crop(state.lesion_id)
        if crop is None or not crop.voxels.any():
            continue
        total.update(state.lesion_id.encode())
        # Indices in the image: how much of a margin a crop has does not matter.
        total.update((np.argwhere(crop.voxels) + crop.origin_index).astype(np.int32).tobytes())
    return total.hexdigest()
