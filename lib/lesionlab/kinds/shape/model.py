"""A ``shape`` task's network, ready to answer clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesionlab.errors import InputError
from lesionlab.image.geometry import Point
from lesionlab.image.patch import Patch, PatchGrid
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Explainable, Model, Request
from lesionlab.kinds.shape.competition import compete
from lesionlab.kinds.shape.inputs import mark_points, network_input
from lesionlab.kinds.shape.mask import cut_out, tight_box
from lesionlab.kinds.shape.measure import measure
from lesionlab.kinds.shape.network import forward
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.kinds.shape.stock import check_fits
from lesionlab.kinds.shape.task import ShapeRequest, ShapeTask
from lesionlab.kinds.shape.weights import read_weights
from lesionlab.kinds.weights_files import weights_path
from lesionlab.metrics.calibration import Calibration

LEVEL = 0.5
#: Weight of the network beside the competition; found on two folds of the real lesions, flat between 0.45 and 0.65.
_NETWORK = 0.55
#: Magnifications of one look, the largest patch last.
_SCALES = (0.8, 1.0, 1.2)
#: A size that is settled on changes by less than this factor when measured again.
_SETTLED = 1.08
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Estimate:
    """One look at a lesion: its mask as a crop of the lattice, the map behind it, and how sure the network is."""

    size_mm: float
    probability: Volume
    inside: NDArray[np.bool_]
    diameter_mm: float
    volume_mm3: float
    sureness: float


class ShapeModel(Model):
    """See :class:`lesionlab.kinds.kind.Model`.

    Args:
        task: patch and size settings.
        members: networks whose probabilities are averaged.
        calibration: sureness -> Dice to expect.
        version: what the model is called.
        share: weight of the networks beside the competition of seeds.
    """

    def __init__(
        self,
        task: ShapeTask,
        members: Sequence[nn.Module],
        calibration: Calibration | None,
        version: str,
        share: float = _NETWORK,
    ) -> None:
        self.task = task
        self.version = version
        self._share = share
        self._members = [member.eval().to(memory_format=torch.channels_last_3d) for member in members]  # type: ignore[call-overload]
        self._calibration = calibration

    @classmethod
    def load(cls, task: ShapeTask, model_dir: Path | None = None) -> ShapeModel:
        """From ``model_dir/model.safetensors``, else the shipped weights.

        Raises:
            NotFoundError: there are no weights.
            InputError: they do not fit the task.
        """
        weights = read_weights(task, weights_path(task, model_dir))
        return cls(task, weights.members, weights.calibration, weights.version)

    def predict(self, volume: Volume, request: Request) -> ShapeResult:
        """The lesion at the click. Raises InputError when a point or the size does not fit the volume."""
        if not isinstance(request, ShapeRequest):
            raise InputError("the request is not one of a shape task", got=type(request).__name__)
        check_fits(self.task, request, volume.geometry)
        if request.size_mm is None:
            estimate = self._settle(volume, request.point_mm, request.exclude_mm)
        else:
            estimate = self.look(volume, request.point_mm, request.size_mm, request.exclude_mm)
        start, shape = tight_box(estimate.inside)
        box = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
        geometry = estimate.probability.geometry.crop(start, shape)
        chances = (
            Volume(np.ascontiguousarray(estimate.probability.array[box]), geometry) if request.probability else None
        )
        return ShapeResult(
            mask=Volume(estimate.inside[box].astype(np.uint8), geometry),
            probability_map=chances,
            diameter_mm=estimate.diameter_mm,
            volume_mm3=estimate.volume_mm3,
            size_mm=estimate.size_mm,
            size_given=request.size_mm is not None,
            certainty=self.certainty(estimate.sureness),
            model_version=self.version,
        )

    @property
    def members(self) -> tuple[nn.Module, ...]:
        """The networks whose probabilities are averaged."""
        return tuple(self._members)

    def explainable(self, volume: Volume, request: Request) -> Explainable:
        """See :mod:`lesionlab.kinds.shape.explaining`."""
        from lesionlab.kinds.shape.explaining import explainable

        return explainable(self, volume, request)

    def learned(self) -> ShapeModel:
        """What training made, without the competition of seeds that every version shares and that would hide a difference."""
        return ShapeModel(self.task, self._members, self._calibration, self.version, share=1.0)

    def certainty(self, sureness: float) -> float:
        """The Dice to expect at a sureness."""
        if self._calibration is None:
            return sureness
        return float(self._calibration.apply(np.asarray([sureness]))[0])

    def look(self, volume: Volume, point_mm: Point, size_mm: float, exclude_mm: Sequence[Point] = ()) -> Estimate:
        """The lesion at a point: the mean of looks at several magnifications, so that an error of the size costs less."""
        maps = self._maps(volume, point_mm, [size_mm * scale for scale in _SCALES], exclude_mm)
        return _estimate(_mean(maps), point_mm, size_mm, exclude_mm)

    def glimpse(
        self, volume: Volume, point_mm: Point, sizes_mm: Sequence[float], exclude_mm: Sequence[Point] = ()
    ) -> list[Estimate]:
        """The lesion at a point, seen once for each size, on the patches' own samples and from few voxels: quick and coarse."""
        found = []
        step = self.task.patch.side / self.task.patch.voxels
        volumes = [volume.thinned(step * size) for size in sizes_mm]
        for (grid, chances), size in zip(self._patches(volumes, point_mm, sizes_mm, exclude_mm), sizes_mm, strict=True):
            inside = np.where(grid.inside(), chances, np.float32(0))
            found.append(_estimate(Volume(inside, grid.lattice()), point_mm, size, exclude_mm))
        return found

    def _maps(
        self, volume: Volume, point_mm: Point, sizes_mm: Sequence[float], exclude_mm: Sequence[Point]
    ) -> list[Volume]:
        """Probabilities on the volume's lattice, one crop for each size."""
        patches = self._patches([volume] * len(sizes_mm), point_mm, sizes_mm, exclude_mm)
        return [grid.restore(chances) for grid, chances in patches]

    def _patches(
        self, volumes: Sequence[Volume], point_mm: Point, sizes_mm: Sequence[float], exclude_mm: Sequence[Point]
    ) -> list[tuple[PatchGrid, Patch]]:
        """Probabilities at the samples of one patch for each size, cut from the volume beside it."""
        n, side = self.task.patch.voxels, self.task.patch.side
        pairs = list(zip(volumes, sizes_mm, strict=True))
        grids = [PatchGrid.cube(volume.geometry, point_mm, side * size, n) for volume, size in pairs]
        samples = [grid.sample(volume) for grid, volume in zip(grids, volumes, strict=True)]
        patches = torch.from_numpy(np.stack(samples))
        marks = [mark_points(torch.tensor([g.to_patch(p) for p in exclude_mm]), n, side) for g in grids]
        network = self._probabilities(network_input(patches, side, torch.stack(marks))).numpy()
        maps = (
            network if self._share == 1 else self._share * network + (1 - self._share) * compete(patches.numpy(), side)
        )
        return list(zip(grids, maps, strict=True))

    @torch.inference_mode()
    def _probabilities(self, inputs: Tensor) -> Tensor:
        maps = [torch.sigmoid(forward(member, inputs).float())[:, 0] for member in self._members]
        return torch.stack(maps).mean(dim=0)

    @torch.inference_mode()
    def features(self, volume: Volume, point_mm: Point, size_mm: float) -> NDArray[np.float32]:
        """The first network's deepest layer at a lesion, averaged over the patch: a vector (channels,)."""
        n, side = self.task.patch.voxels, self.task.patch.side
        grid = PatchGrid.cube(volume.geometry, point_mm, side * size_mm, n)
        patch = torch.from_numpy(grid.sample(volume)[None])
        deepest: list[Tensor] = []
        network = self._members[0]
        hook = network.get_submodule("bottom").register_forward_hook(lambda _, __, out: deepest.append(out))
        try:
            forward(network, network_input(patch, side, torch.zeros(1, n, n, n)))
        finally:
            hook.remove()
        return deepest[0].float().mean(dim=(0, 2, 3, 4)).numpy()

    def _settle(self, volume: Volume, point_mm: Point, exclude_mm: Sequence[Point]) -> Estimate:
        """Glimpse at several sizes; look at the one that agrees best with what it shows, and again until the size stays."""
        least, largest = self.task.size_mm.minimum, max(volume.geometry.extent_mm)
        sizes = [size for size in self.task.size_mm.tried if size <= largest] or [largest]
        first = max(self.glimpse(volume, point_mm, sizes, exclude_mm), key=_agreement)
        size = float(np.clip(first.diameter_mm, least, largest))
        best = self.look(volume, point_mm, size, exclude_mm)
        for _ in range(_ROUNDS - 1):
            size = float(np.clip(best.diameter_mm, least, largest))
            if max(size / best.size_mm, best.size_mm / size) < _SETTLED:
                break
            again = self.look(volume, point_mm, size, exclude_mm)
            if _agreement(again) <= _agreement(best):
                break
            best = again
        return best


def _agreement(estimate: Estimate) -> float:
    """How sure the network is, less for a measured diameter that contradicts the size, and a little less for large ones.

    Without that little a clear organ around a lesion may look as good as the lesion.
    """
    contradiction = abs(float(np.log(estimate.diameter_mm / estimate.size_mm)))
    return estimate.sureness - 0.5 * contradiction - 0.02 * float(np.log(estimate.size_mm))


def _mean(maps: Sequence[Volume]) -> Volume:
    """The mean of crops of one lattice, on the last and largest of them; a crop counts as 0 beyond its edges."""
    whole = maps[-1]
    total = whole.array.copy()
    for part in maps[:-1]:
        start = np.rint(whole.geometry.ras_to_index(part.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
        total[tuple(slice(a, a + n) for a, n in zip(start, part.array.shape, strict=True))] += part.array
    return Volume(total / len(maps), whole.geometry)


def _estimate(probability: Volume, point_mm: Point, size_mm: float, exclude_mm: Sequence[Point]) -> Estimate:
    inside = cut_out(probability, point_mm, exclude_mm, LEVEL)
    measured = measure(Volume(inside.astype(np.uint8), probability.geometry))
    values = probability.array
    both = float(values[inside].sum())
    # The soft Dice between the mask and the map: the Dice to expect if the map were right about every voxel.
    sureness = 2 * both / (float(inside.sum()) + max(float(values[values > 0.02].sum()), both))
    return Estimate(size_mm, probability, inside, measured.diameter_mm, measured.volume_mm3, sureness)
