"""The one door to the MRML scene: the open image with its marks, masks and heat map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import numpy as np

from . import label_files, mark_files
from .candidates import CandidateList
from .errors import SceneError
from .heat import HeatMap
from .image_files import write_image
from .isodose import isodose
from .marks import Marks
from .masks import Masks
from .nodes import nodes_of_class, remove_node
from .segments import Segments
from .values import Colour, Mark, MarkLike, Point, Region, SceneSnapshot, VolumeRef
from .volumes import Volumes

if TYPE_CHECKING:
    from LesionLabLib.answers import Candidate, Crop


class CaseScene:
    """One open image of an MRML scene, with what the reader and the server say of it.

    Points are world RAS mm; arrays are (i, j, k); affines take voxel indices to world RAS mm, parent transforms included.
    Methods raise `SceneError` (or `LocalFault` for files) in plain words.

    Args:
        scene: A `vtkMRMLScene`: the application's, or one of its own.
    """

    def __init__(self, scene) -> None:
        self._scene = scene
        self._volumes = Volumes(scene)
        self._marks = Marks(scene)
        self._heat = HeatMap(scene)
        self._candidates = CandidateList(scene)
        self._open: VolumeRef | None = None
        self._loaded = False
        self._masks: Masks | None = None
        self._segments: Segments | None = None

    # The image

    def load_volume(self, path: Path) -> VolumeRef:
        """Read an image file into the scene and show it in the slice views; it becomes the open image, in the place of another.

        `close_case` removes it again.
        """
        ref = self._volumes.load(path)
        self._open_image(ref, loaded=True)
        return ref

    def volume_from_node(self, node_id: str) -> VolumeRef:
        """Make a volume of the scene the open image, in the place of another; it stays in the scene when the case is closed."""
        ref = VolumeRef(node_id, self._volumes.node(node_id).GetName())
        if self._open is None or self._open.node_id != node_id:
            self._open_image(ref, loaded=False)
        return ref

    def close_case(self) -> None:
        """Remove marks, masks, candidates, heat map, and the image if it was loaded here."""
        self._marks.put_back(())
        self._heat.hide()
        self._candidates.remove()
        if self._segments is not None:
            self._segments.remove()
        if self._open is not None:
            self._volumes.forget(self._open.node_id)
            if self._loaded:
                remove_node(self._scene, self._scene.GetNodeByID(self._open.node_id))
        self._open, self._loaded, self._masks, self._segments = None, False, None, None

    def volume_geometry(self, ref: VolumeRef) -> tuple[tuple[int, int, int], np.ndarray]:
        """Shape (i, j, k), and the 4x4 affine from index to world RAS mm."""
        return self._volumes.geometry(ref.node_id)

    def volume_fingerprint(self, ref: VolumeRef) -> str:
        """Changes when, and only when, voxels or geometry change."""
        return self._volumes.fingerprint(ref.node_id)

    def write_volume(self, ref: VolumeRef, path: Path) -> None:
        """Write the image as `.nrrd` (quickest, exact), `.nii` or `.nii.gz`, where it stands in the world."""
        self._volumes.write(ref.node_id, path)

    # Marks

    def show_mark(self, mark: MarkLike) -> None:
        """Show or change the mark of ``mark.id``; a `workflow.state.Lesion` will do as well.

        A mask of the same id takes the name and the colour. No listener of `on_mark_moved` is told.
        """
        self._marks.show(mark)
        if self._masks is not None and self._masks.state(mark.id) is not None:
            self._masks.rename(mark.id, mark.name, mark.colour)
            self._draw()

    def remove_mark(self, mark_id: str) -> None:
        """Remove a mark; one that is not there is none."""
        self._marks.remove(mark_id)

    def read_marks(self) -> tuple[Mark, ...]:
        """The marks as they lie in the scene now, in the order they were first shown."""
        return self._marks.read()

    def write_marks(self, path: Path) -> None:
        """Write the marks as Slicer markups (`.mrk.json`)."""
        mark_files.write_marks(path, self._marks.read())

    def load_marks(self, path: Path) -> tuple[Mark, ...]:
        """Read and show the marks of a `.mrk.json`: ours, and plain points, lines, closed curves and ROIs of others."""
        marks = mark_files.read_marks(path)
        for mark in marks:
            self._marks.show(mark)
        return marks

    def on_mark_moved(self, callback: Callable[[Mark, bool], None]) -> Callable[[], None]:
        """Call ``callback(mark, done)`` when the user drags a mark; ``done`` is False while the button is down.

        Returns:
            What unsubscribes it.
        """
        return self._marks.on_moved(callback)

    def on_mark_removed(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call ``callback(mark_id)`` when the user deletes a mark in the scene. Returns what unsubscribes it."""
        return self._marks.on_removed(callback)

    # Masks

    def set_mask(self, lesion_id: str, crop: Crop | None, colour: Colour, name: str = "") -> None:
        """Give a lesion its mask; None takes it away.

        A finished (frozen) neighbour keeps its voxels. Of two that are not finished, the one given last shows where they overlap;
        the other gets its voxels back when that one shrinks or goes.

        Raises:
            SceneError: the lesion itself is finished, or the crop is of another image.
        """
        masks = self._current_masks()
        if crop is None:
            masks.take(lesion_id)
        else:
            masks.give(lesion_id, crop, colour, name)
        self._draw()

    def freeze(self, lesion_id: str, frozen: bool = True) -> None:
        """Finish a lesion as it shows now, or let it change again."""
        self._current_masks().freeze(lesion_id, frozen)

    def mask_voxels(self, lesion_id: str) -> np.ndarray:
        """The lesion's own voxels on the image's lattice, uint8 0/1 (i, j, k); all 0 when it has no mask."""
        return self._current_masks().voxels(lesion_id)

    def mask_crop(self, lesion_id: str) -> Crop | None:
        """The lesion's own voxels as a tight crop (bool); None when it has no mask."""
        masks = self._current_masks()
        return masks.shown(lesion_id) if masks.state(lesion_id) is not None else None

    def labelmap(self) -> tuple[np.ndarray, np.ndarray]:
        """All lesions on the image's lattice, and the affine.

        The array is uint8, or uint16 beyond 255 lesions; the n-th lesion that was given a mask has value n.
        """
        masks = self._current_masks()
        return masks.labelmap(), masks.affine.copy()

    def write_labelmap(self, path: Path) -> None:
        """Write `labelmap` as `.nrrd`, `.nii` or `.nii.gz`."""
        write_image(path, *self.labelmap())

    def load_labelmap(self, path: Path) -> tuple[Region, ...]:
        """Read a label file of the open image; the regions are returned, not shown: give each to `set_mask`."""
        masks = self._current_masks()
        return label_files.read_regions(path, masks.shape, masks.affine)

    def isodose(self, dose_node_id: str, percent: float) -> Crop:
        """Where a dose volume has at least ``percent`` of its largest dose, on the image's lattice."""
        masks = self._current_masks()
        return isodose(self._volumes.node(dose_node_id), percent, masks.shape, masks.affine)

    # Heat map, candidates

    def show_heat(self, crop: Crop, name: str) -> None:
        """Lay a heat map over the slices, and its nested isosurfaces into the 3D views."""
        self._heat.show(crop, name)

    def hide_heat(self) -> None:
        """Take the heat map away."""
        self._heat.hide()

    def set_heat(self, opacity: float | None = None, threshold: float | None = None) -> None:
        """Opacity 0 to 1; threshold 0 to 1 as a share of the map's largest value: less is not drawn."""
        self._heat.set(opacity, threshold)

    def show_heat_volume(self, visible: bool) -> None:
        """Render the heat map as a volume in 3D instead of isosurfaces: slow without a GPU."""
        self._heat.render_volume(visible)

    def show_candidates(self, candidates: Sequence[Candidate], current: int = -1) -> None:
        """Show a detector's candidates with their confidence, the current one highlighted; none takes them away."""
        self._candidates.show(candidates, current)

    def jump_to(self, point_mm: Point) -> None:
        """Move every slice view to a point."""
        for view in nodes_of_class(self._scene, "vtkMRMLSliceNode"):
            view.JumpSliceByOffsetting(*point_mm)

    # Undo, end

    def snapshot(self) -> SceneSnapshot:
        """Marks and masks as they are now; cheap."""
        masks = self._current_masks().states if self._open is not None else ()
        return SceneSnapshot(self._marks.read(), masks)

    def restore(self, snapshot: SceneSnapshot) -> None:
        """Marks and masks as they were; no listener is told."""
        self._marks.put_back(snapshot.marks)
        if self._open is not None:
            self._current_masks().put_back(snapshot.masks)
            self._draw()

    def close(self) -> None:
        """Remove every observer; the nodes stay. Call `close_case` first to remove them."""
        self._marks.close()

    def _open_image(self, ref: VolumeRef, loaded: bool) -> None:
        shape, affine = self._volumes.geometry(ref.node_id)
        self.close_case()
        self._open, self._loaded = ref, loaded
        self._masks = Masks(shape, affine)
        self._segments = Segments(self._scene, self._volumes.node(ref.node_id))
        self._volumes.show(ref.node_id)

    def _current_masks(self) -> Masks:
        """The masks of the open image, with what the user painted by hand.

        Raises:
            SceneError: no image is open, or it was moved after it was opened.
        """
        if self._open is None or self._masks is None or self._segments is None:
            raise SceneError("No image is open.")
        shape, affine = self._volumes.geometry(self._open.node_id)
        if shape != self._masks.shape or not np.array_equal(affine, self._masks.affine):
            self._masks.move(shape, affine)
            self._draw()
        self._segments.read_edits(self._masks)
        return self._masks

    def _draw(self) -> None:
        if self._masks is not None and self._segments is not None:
            self._segments.draw(self._masks)
