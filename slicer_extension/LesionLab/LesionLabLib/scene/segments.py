"""Masks as segments of one segmentation node, each with a labelmap of its own on the image's lattice."""

from __future__ import annotations

import numpy as np
import slicer

from LesionLabLib.answers import Crop

from .masks import Masks
from .matrices import fill, matrix_of, moved, voxels_of
from .nodes import new_node, remove_node
from .surfaces import isosurface
from .values import MaskState
from .volumes import own_affine

_LABELMAP, _SURFACE = "Binary labelmap", "Closed surface"


class Segments:
    """Draws the masks of one volume, and notices what the user paints in them.

    Args:
        scene: The MRML scene.
        volume: The volume node; the segmentation follows its parent transform.
    """

    def __init__(self, scene, volume) -> None:
        self._scene = scene
        self._volume = volume
        self._node = None
        self._own = own_affine(volume)
        self._drawn: dict[str, Crop | None] = {}
        self._written: dict[str, tuple] = {}

    @property
    def node(self):
        """The segmentation node; None while there is no mask."""
        if self._node is not None and not self._scene.IsNodePresent(self._node):
            self._node = None
            self._drawn.clear()
            self._written.clear()
        return self._node

    def read_edits(self, masks: Masks) -> None:
        """Take over what was painted, erased or deleted by hand since the last drawing."""
        if self.node is None:
            return
        segmentation = self.node.GetSegmentation()
        for lesion_id, written in list(self._written.items()):
            segment = segmentation.GetSegment(lesion_id)
            if segment is None:
                masks.take(lesion_id)
                self._forget(lesion_id)
                continue
            image = segment.GetRepresentation(_LABELMAP)
            if image is not None and _stamp(image) != written:
                first = image.GetExtent()[::2]
                empty = image.GetNumberOfPoints() == 0
                inside = np.zeros((0, 0, 0), bool) if empty else voxels_of(image) == segment.GetLabelValue()
                self._drawn[lesion_id] = masks.paint(lesion_id, inside, first)
                self._written[lesion_id] = _stamp(image)

    def draw(self, masks: Masks) -> None:
        """Show the masks as they are now; a segment that shows the same voxels as before is left alone."""
        states = masks.states
        if self.node is None:
            if not states:
                return
            self._node = self._new_node()
        self._follow_volume()
        segmentation = self.node.GetSegmentation()
        kept = {state.lesion_id for state in states}
        for lesion_id in [drawn for drawn in self._drawn if drawn not in kept]:
            segmentation.RemoveSegment(lesion_id)
            self._forget(lesion_id)
        for state in states:
            segment = segmentation.GetSegment(state.lesion_id)
            if segment is None or masks.differs(state.lesion_id, self._drawn.get(state.lesion_id)):
                self._draw_one(segment, state, masks.shown(state.lesion_id))
            else:
                _dress(segment, state)

    def remove(self) -> None:
        """Remove the segmentation node."""
        remove_node(self._scene, self.node)
        self._node = None
        self._drawn.clear()
        self._written.clear()

    def _draw_one(self, segment, state: MaskState, shown: Crop) -> None:
        segmentation = self.node.GetSegmentation()
        new = segment is None
        if new:
            segment = slicer.vtkSegment()
        _dress(segment, state)
        affine = self._own
        image = slicer.vtkOrientedImageData()
        image.SetGeometryFromImageToWorldMatrix(matrix_of(affine))
        # An empty image upsets the slice views: an empty mask is one voxel of background.
        voxels = shown.voxels if shown.voxels.size else np.zeros((1, 1, 1), bool)
        fill(image, voxels.astype(np.uint8), shown.origin_index)
        segment.SetLabelValue(1)
        segment.AddRepresentation(_LABELMAP, image)
        # Made here: Slicer would make the surfaces of all segments again.
        surface = isosurface(voxels, moved(affine, shown.origin_index), 0.5, smooth=True)
        segment.AddRepresentation(_SURFACE, surface)
        if new:
            segmentation.AddSegment(segment, state.lesion_id)
        self._drawn[state.lesion_id] = shown
        self._written[state.lesion_id] = _stamp(segment.GetRepresentation(_LABELMAP))

    def _follow_volume(self) -> None:
        """Lie under the volume's transform; draw all again when the volume itself was moved."""
        if self.node.GetTransformNodeID() != self._volume.GetTransformNodeID():
            self.node.SetAndObserveTransformNodeID(self._volume.GetTransformNodeID())
        own = own_affine(self._volume)
        if not np.array_equal(own, self._own):
            self._own = own
            self._drawn = dict.fromkeys(self._drawn)
            self.node.SetReferenceImageGeometryParameterFromVolumeNode(self._volume)

    def _new_node(self):
        node = new_node(self._scene, "vtkMRMLSegmentationNode", f"{self._volume.GetName()} lesions")
        node.SetReferenceImageGeometryParameterFromVolumeNode(self._volume)
        display = node.GetDisplayNode()
        display.SetPreferredDisplayRepresentationName2D(_LABELMAP)
        display.SetPreferredDisplayRepresentationName3D(_SURFACE)
        # The image must stay visible under the mask.
        display.SetOpacity2DFill(0.0)
        display.SetOpacity2DOutline(1.0)
        display.SetSliceIntersectionThickness(2)
        display.SetOpacity3D(0.4)  # a heat map shows through
        return node

    def _forget(self, lesion_id: str) -> None:
        self._drawn.pop(lesion_id, None)
        self._written.pop(lesion_id, None)


def _dress(segment, state: MaskState) -> None:
    name = state.name or state.lesion_id
    if segment.GetName() != name:
        segment.SetName(name)
    if not np.allclose(segment.GetColor(), state.colour):
        segment.SetColor(*state.colour)


def _stamp(image) -> tuple:
    """Two stamps are equal if nothing was written in between. The image itself keeps its Python object alive."""
    return image, image.GetMTime()
