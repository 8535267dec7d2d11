"""From an image to what the network sees of it, and back. The same code serves training and inference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry, Index, Point
from lesionlab.image.patch import PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.classify.forms import ImageForm, PatchForm, SlicesForm, ViewsForm, VolumeForm, dimension_of
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.kinds.detect.intensities import Scale

Values = NDArray[np.float32]
#: Patch axes are R, A, S; a picture's rows run down and its columns to the reader's right: S or A, and R, backwards.
_AXES = 3


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a plane or a box of samples lies in the image.

    Attributes:
        grid: its samples, along R, A, S.
        mirrored: whether its columns were mirrored, so that both sides of the body look alike.
    """

    grid: PatchGrid
    mirrored: bool = False

    @property
    def flat(self) -> int | None:
        """The axis of the grid along which a plane is one sample thick; None for a box."""
        thin = [axis for axis in range(_AXES) if self.grid.shape[axis] == 1]
        return None if not thin else thin[-1]

    def picture(self, volume: Volume) -> Values:
        """The image's values: rows and columns of a plane, slices, rows and columns of a box."""
        return self._turned(self.grid.sample(volume))

    def restore(self, picture: Values) -> Volume:
        """Values on the samples (as :meth:`picture` orders them) -> the image's own voxels there, as a crop of its lattice."""
        return self.grid.restore(self._back(picture))

    def _turned(self, values: Values) -> Values:
        if self.flat is not None:
            values = values.squeeze(self.flat)
        turned = values.T[::-1, ::-1] if values.ndim == 2 else values.transpose(2, 1, 0)[:, ::-1, ::-1]
        return np.ascontiguousarray(turned[..., ::-1] if self.mirrored else turned)

    def _back(self, picture: Values) -> Values:
        turned = picture[..., ::-1] if self.mirrored else picture
        values = turned[::-1, ::-1].T if turned.ndim == 2 else turned[:, ::-1, ::-1].transpose(2, 1, 0)
        return np.ascontiguousarray(values if self.flat is None else np.expand_dims(values, self.flat))


@dataclass(frozen=True, eq=False)
class Sampled:
    """What the network sees of a case.

    Attributes:
        values: (P, *edges) in about [-1, 1]: planes, or one box.
        places: where each of them lies.
        scale: the image's values that became -1 and 1.
    """

    values: Values
    places: tuple[Placement, ...]
    scale: Scale


def sample(
    task: ClassifyTask,
    volume: Volume,
    point_mm: Point | None,
    size_mm: float | None,
    margin: float = 0.0,
) -> Sampled:
    """Sample an image as the task's form says.

    Args:
        task: form and intensities.
        volume: the image.
        point_mm: of a patch.
        size_mm: of what is there, or None.
        margin: of a patch, how much more is sampled on each side, as a share of the edge (for turning and moving it).

    Raises:
        InputError: the image does not fit the form, or a patch has no point in it.
    """
    places = tuple(placements(task, volume.geometry, point_mm, size_mm, margin))
    values = pictures(task, volume, places)
    border = margin_of(task.input.voxels, margin) if isinstance(task.input, PatchForm) else 0
    if task.normalise == "crop":
        # Without the margin, so that training and inference see the same values.
        inner = values[(slice(None), *(slice(border, n - border) for n in values.shape[1:]))]
        flat = np.ascontiguousarray(inner).reshape(-1, 1, 1)
        scale = Scale.of(task.intensity, Volume(flat, Geometry(flat.shape, np.eye(4))))
    else:
        scale = Scale.of(task.intensity, volume)
    return Sampled(scale.apply(values), places, scale)


def pictures(task: ClassifyTask, volume: Volume, places: Sequence[Placement]) -> Values:
    """The image's own values at its placements, (P, *edges)."""
    if isinstance(task.input, ViewsForm):
        return np.stack([place.picture(_view(volume, number)) for number, place in enumerate(places)])
    return np.stack([place.picture(volume) for place in places])


def placements(
    task: ClassifyTask,
    geometry: Geometry,
    point_mm: Point | None,
    size_mm: float | None,
    margin: float = 0.0,
) -> Iterator[Placement]:
    """Where the planes or the box of a case lie; see :func:`sample`."""
    check_fits(task, geometry)
    form = task.input
    match form:
        case PatchForm():
            point = checked_point(task, geometry, point_mm)
            step_mm = patch_edge_mm(form, geometry, size_mm) / form.voxels
            box = _box(geometry, [form.voxels + 2 * margin_of(form.voxels, margin)] * _AXES)
            for magnification in form.magnifications:
                yield Placement(PatchGrid(geometry, point, step_mm * magnification, box))
        case ImageForm():
            yield _fitted(geometry, _two(form.voxels))
        case VolumeForm():
            yield _whole(geometry, form.voxels)
        case SlicesForm():
            yield from _slices(form, geometry)
        case ViewsForm():
            for number, view in enumerate(form.views):
                plane = geometry.crop((0, 0, number), (geometry.shape[0], geometry.shape[1], 1))
                yield _fitted(plane, _two(form.voxels), mirrored=view.startswith("L"))


def margin_of(voxels: int, margin: float) -> int:
    """Samples of a margin on each side."""
    return int(np.ceil(voxels * margin))


def check_fits(task: ClassifyTask, geometry: Geometry) -> None:
    """Refuse images of another dimension or number of views.

    Raises:
        InputError: names what was got and what was expected.
    """
    form = task.input
    if isinstance(form, ViewsForm):
        if geometry.shape[2] != len(form.views):
            raise InputError(
                "the image is not an examination of this task",
                got=f"{geometry.shape[2]} planes along the third axis",
                expected=f"{len(form.views)}: {', '.join(form.views)}",
            )
        return
    thin = min(geometry.shape) == 1
    if (dimension_of(form) == 2) != thin:
        wanted = "one plane" if dimension_of(form) == 2 else "a volume"
        raise InputError("the image does not fit the task", got=f"shape {geometry.shape}", expected=wanted)


def checked_point(task: ClassifyTask, geometry: Geometry, point_mm: Point | None) -> Point:
    """The point of a patch. Raises InputError when there is none, or when it lies outside."""
    if point_mm is None:
        raise InputError(f"task {task.name} needs a point", expected="point_mm, a point in what is to be classified")
    if not geometry.contains(point_mm):
        index = ", ".join(f"{i:.1f}" for i in geometry.ras_to_index(point_mm))
        expected = f"voxels 0, 0, 0 to {', '.join(str(n - 1) for n in geometry.shape)}"
        raise InputError(
            "point_mm lies outside the image", got=f"{list(point_mm)}, which is voxel ({index})", expected=expected
        )
    return point_mm


def patch_edge_mm(form: PatchForm, geometry: Geometry, size_mm: float | None) -> float:
    """The edge of a patch. Raises InputError for a size that the image cannot hold."""
    longest = max(geometry.extent_mm)
    if size_mm is not None and not 0 < size_mm <= longest:
        raise InputError("size_mm does not fit the image", got=f"{size_mm} mm", expected=f"0 to {longest:.1f} mm")
    if form.side is not None and size_mm is not None:
        return form.side * size_mm
    return form.default_mm if form.default_mm is not None else (form.default_share or 1.0) * longest


def _view(volume: Volume, number: int) -> Volume:
    return volume.crop((0, 0, number), (*volume.geometry.shape[:2], 1))


def _box(geometry: Geometry, counts: list[int]) -> Index:
    """The counts along R, A, S, with one sample across a plane."""
    order, _ = geometry.canonical_axes()
    r, a, s = (1 if geometry.shape[axis] == 1 else n for axis, n in zip(order, counts, strict=True))
    return r, a, s


def _middle(geometry: Geometry) -> Point:
    i, j, k = ((n - 1) / 2 for n in geometry.shape)
    return geometry.index_to_ras((i, j, k))


def _extents(geometry: Geometry) -> list[float]:
    order, _ = geometry.canonical_axes()
    return [geometry.extent_mm[axis] for axis in order]


def _fitted(plane: Geometry, edges: tuple[int, int], mirrored: bool = False) -> Placement:
    order, _ = plane.canonical_axes()
    flat = next((p for p in (2, 1, 0) if plane.shape[order[p]] == 1), 2)
    across, down = [axis for axis in range(_AXES) if axis != flat]
    extents = _extents(plane)
    step = max(extents[down] / edges[0], extents[across] / edges[1])
    counts = [1, 1, 1]
    counts[down], counts[across] = edges
    return Placement(PatchGrid(plane, _middle(plane), step, (counts[0], counts[1], counts[2])), mirrored)


def _whole(geometry: Geometry, voxels: int | tuple[int, int, int]) -> Placement:
    counts = (voxels, voxels, voxels) if isinstance(voxels, int) else voxels
    step = max(extent / count for extent, count in zip(_extents(geometry), counts, strict=True))
    return Placement(PatchGrid(geometry, _middle(geometry), step, counts))


def _slices(form: SlicesForm, geometry: Geometry) -> Iterator[Placement]:
    order, _ = geometry.canonical_axes()
    axis = order[2]
    length, spacing = geometry.extent_mm[axis], geometry.spacing_mm[axis]
    wanted = max(1, round(length / (form.step_mm or spacing)))
    count = min(wanted, form.most, geometry.shape[axis])
    across, along, _ = _extents(geometry)
    step = max(across, along) / form.voxels
    for place in np.linspace(0, geometry.shape[axis] - 1, 2 * count + 1)[1::2]:
        index = [(n - 1) / 2 for n in geometry.shape]
        index[axis] = float(round(place))
        middle = geometry.index_to_ras((index[0], index[1], index[2]))
        yield Placement(PatchGrid(geometry, middle, step, (form.voxels, form.voxels, 1)))


def _two(voxels: int | tuple[int, int]) -> tuple[int, int]:
    return (voxels, voxels) if isinstance(voxels, int) else voxels
