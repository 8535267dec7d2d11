"""The one door to the MRML scene: the open image with its marks, masks and heat map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, Sequence, Tuple

import numpy as np

from .values import Colour, Mark, Point, Region, SceneSnapshot, VolumeRef

if TYPE_CHECKING:
    from LesionLabLib.answers import Candidate, Crop


class CaseScene:
    """One open image of an MRML scene, with what the reader and the server say of it.

    Points are world RAS mm; arrays are (i, j, k); affines take voxel indices to world RAS mm, parent transforms included.
    Methods raise `SceneError` in plain words; nothing else is expected of them.

    Args:
        scene: A `vtkMRMLScene`: the application's, or one of its own.
    """

    def __init__(self, scene) -> None: ...

    # The image

    def load_volume(self, path: Path) -> VolumeRef:
        """Read an image file into the scene, make it the open image and show it in the slice views. `close_case` removes it again."""

    def volume_from_node(self, node_id: str) -> VolumeRef:
        """Make a volume of the scene the open image; it stays in the scene when the case is closed."""

    def close_case(self) -> None:
        """Remove marks, masks, candidates, heat map, and the image if it was loaded here."""

    def volume_geometry(self, ref: VolumeRef) -> Tuple[Tuple[int, int, int], np.ndarray]:
        """Shape (i, j, k), and the 4x4 affine from index to world RAS mm."""

    def volume_fingerprint(self, ref: VolumeRef) -> str:
        """Changes when, and only when, voxels or geometry change."""

    def write_volume(self, ref: VolumeRef, path: Path) -> None:
        """Write the image as `.nrrd` (quickest, exact), `.nii` or `.nii.gz`, where it stands in the world."""

    # Marks

    def show_mark(self, mark: Mark) -> None:
        """Show or change the mark of ``mark.id``. A `workflow.state.Lesion` will do as well. Tells no listener of `on_mark_moved`."""

    def remove_mark(self, mark_id: str) -> None:
        """Remove a mark; one that is not there is none."""

    def read_marks(self) -> Tuple[Mark, ...]:
        """The marks as they lie in the scene now, in the order they were first shown."""

    def write_marks(self, path: Path) -> None:
        """Write the marks as Slicer markups (`.mrk.json`)."""

    def load_marks(self, path: Path) -> Tuple[Mark, ...]:
        """Read and show the marks of a `.mrk.json`: ours, and plain points, lines and curves of others."""

    def on_mark_moved(self, callback: Callable[[Mark, bool], None]) -> Callable[[], None]:
        """Call ``callback(mark, done)`` when the user drags a mark: ``done`` is False while the button is down. Returns the unsubscriber."""

    def on_mark_removed(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call ``callback(mark_id)`` when the user deletes a mark's node in the scene. Returns the unsubscriber."""

    # Masks

    def set_mask(self, lesion_id: str, crop: Optional[Crop], colour: Colour, name: str = "") -> None:
        """Give a lesion its mask; None takes it away.

        A finished (frozen) neighbour keeps its voxels; of two that are not finished, the one given last shows where they overlap, and the
        other gets its voxels back when that one shrinks.

        Raises:
            SceneError: when the lesion itself is finished, or the crop is of another image.
        """

    def freeze(self, lesion_id: str, frozen: bool = True) -> None:
        """Finish a lesion as it shows now, or let it change again."""

    def mask_voxels(self, lesion_id: str) -> np.ndarray:
        """The lesion's own voxels on the image's lattice, uint8 0/1 (i, j, k); all 0 when it has no mask."""

    def labelmap(self) -> Tuple[np.ndarray, np.ndarray]:
        """All lesions on the image's lattice (uint8, or uint16 beyond 255; lesion n of the given order has value n), and the affine."""

    def write_labelmap(self, path: Path) -> None:
        """Write `labelmap` as `.nrrd`, `.nii` or `.nii.gz`."""

    def load_labelmap(self, path: Path) -> Tuple[Region, ...]:
        """Read a label file of the open image; the regions are returned, not shown: give each to `set_mask`."""

    def isodose(self, dose_node_id: str, percent: float) -> Crop:
        """Where a dose volume has at least ``percent`` of its largest dose, on the image's lattice."""

    # Heat map, candidates

    def show_heat(self, crop: Crop, name: str) -> None:
        """Lay a heat map over the slices, and its nested isosurfaces into the 3D views."""

    def hide_heat(self) -> None:
        """Take the heat map away."""

    def set_heat(self, opacity: Optional[float] = None, threshold: Optional[float] = None) -> None:
        """Opacity 0 to 1; threshold 0 to 1 as a share of the map's largest value: less is not drawn."""

    def show_heat_volume(self, visible: bool) -> None:
        """Render the heat map as a volume in 3D instead of isosurfaces: slow without a GPU."""

    def show_candidates(self, candidates: Sequence[Candidate], current: int = -1) -> None:
        """Show a detector's candidates with their confidence, the current one highlighted; none takes them away."""

    def jump_to(self, point_mm: Point) -> None:
        """Move every slice view to a point."""

    # Undo, end

    def snapshot(self) -> SceneSnapshot:
        """Marks and masks as they are now; cheap."""

    def restore(self, snapshot: SceneSnapshot) -> None:
        """Marks and masks as they were; tells no listener."""

    def close(self) -> None:
        """Remove every observer; the nodes stay. Call `close_case` first to remove them."""
