"""Windows that lie askew in an image and see it larger or smaller: what makes few images many in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lesionlab.kinds.detect.mining import cut


@dataclass(frozen=True, eq=False)
class Turned:
    """How a window lies in an image.

    Attributes:
        middle: index of the window's middle in the image.
        steps: (d, d): column n is the way in the image, in samples, of one sample along the window's axis n.
        edges: samples along each axis of the window.
    """

    middle: NDArray[np.float64]
    steps: NDArray[np.float64]
    edges: tuple[int, ...]

    @property
    def scale(self) -> float:
        """Samples of the image for one of the window."""
        return float(abs(np.linalg.det(self.steps)) ** (1 / len(self.edges)))

    def cut(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        """The window's samples, linear between the image's; beyond the image its edge goes on."""
        reach = np.abs(self.steps) @ self._half
        start = np.floor(self.middle - reach).astype(np.int64)
        shape = tuple(int(n) for n in np.ceil(self.middle + reach).astype(np.int64) - start + 1)
        block, offset = cut(values, start, shape), self.middle - self.steps @ self._half - start
        found = ndimage.affine_transform(block, self.steps, offset, self.edges, order=1, mode="nearest")
        return np.asarray(found, dtype=np.float32)

    def lesions(self, lesions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Lesions of the image (see ``StoredImage``), by the window's own index and in its samples."""
        moved = lesions.copy()
        moved[:, :-2] = np.linalg.solve(self.steps, (lesions[:, :-2] - self.middle).T).T + self._half
        moved[:, -2] /= self.scale
        return moved

    @property
    def _half(self) -> NDArray[np.float64]:
        return (np.asarray(self.edges) - 1) / 2


def random_steps(dimension: int, rotation_rad: float, scale: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """``Turned.steps``: turned by up to ``rotation_rad`` in each plane, larger or smaller by up to the factor ``exp(scale)``."""
    steps = np.eye(dimension) * float(np.exp(rng.uniform(-scale, scale)))
    for a in range(dimension):
        for b in range(a + 1, dimension):
            angle, turn = float(rng.uniform(-rotation_rad, rotation_rad)), np.eye(dimension)
            turn[a, a] = turn[b, b] = np.cos(angle)
            turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
            steps = steps @ turn
    return np.asarray(steps)
