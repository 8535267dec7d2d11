from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from lesionlab.image.geometry import Geometry
from lesionlab.kinds.detect.finding import _pieces, find, merged, peaks, windows
from lesionlab.kinds.detect.result import Candidate
from lesionlab.kinds.detect.task import DetectTask
from tests.detect.bright import SIZE_MM, Bright, balls, detect_task


@given(st.integers(1, 400), st.sampled_from([32, 48, 96]), st.integers(0, 12))
def test_the_cores_of_the_windows_cover_an_axis_once(count: int, edge: int, margin: int) -> None:
    owned = np.zeros(count, dtype=int)
    for start, length, low, high in _pieces(count, edge, margin):
        assert length == edge
        assert 0 <= low <= high <= length
        owned[start + low : start + high] += 1
        if count > edge:
            assert low == 0 or low >= margin
            assert high == length or high <= length - margin
    assert (owned == 1).all()


def oblique(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Geometry:
    c, s = np.cos(0.3), np.sin(0.3)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(spacing)
    affine[:3, 3] = (-40, 25, 300)
    return Geometry(shape, affine)


@pytest.mark.parametrize(
    "geometry",
    [
        oblique((60, 70, 30), (1.0, 1.0, 2.0)),
        oblique((90, 50, 40), (0.7, 1.4, 1.6)),
        Geometry((60, 70, 30), np.diag([-1.0, -1.0, 2.0, 1.0])),
        Geometry((20, 20, 12), np.diag([1.0, 1.0, 2.0, 1.0])),
    ],
    ids=["oblique", "anisotropic", "flipped", "smaller than a window"],
)
def test_balls_are_found_where_they_lie_whatever_the_lattice(geometry: Geometry) -> None:
    n, m, k = geometry.shape
    centres = [geometry.index_to_ras((n * 0.3, m * 0.3, k * 0.35)), geometry.index_to_ras((n * 0.7, m * 0.72, k * 0.6))]

    found = find(detect_task(), Bright(), balls(geometry, centres))

    sure = [candidate for candidate in found if candidate.confidence > 0.5]
    assert len(sure) == 2
    for centre in centres:
        assert min(np.linalg.norm(np.asarray(c.point_mm) - np.asarray(centre)) for c in sure) < 1.0
    assert all(c.size_mm == pytest.approx(SIZE_MM) for c in sure)


def test_a_plane_is_searched_in_two_dimensions() -> None:
    geometry = Geometry((100, 80, 1), np.diag([-1.0, -1.0, 1.0, 1.0]))
    centre = geometry.index_to_ras((70.0, 20.0, 0.0))

    found = find(detect_task(dimension=2), Bright(), balls(geometry, [centre]))

    assert len(found) >= 1
    assert np.linalg.norm(np.asarray(found[0].point_mm) - np.asarray(centre)) < 1.0


class Lopsided(Bright):
    """Is surer of what lies at a window's beginning, along each axis."""

    def forward(self, x: Tensor) -> Tensor:
        answer = super().forward(x)
        for axis in range(2, x.ndim):
            count = answer.shape[axis]
            ramp = torch.linspace(0, 2, count).reshape([count if n == axis else 1 for n in range(x.ndim)])
            answer[:, :1] -= ramp
        return answer


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_window_that_is_also_seen_mirrored_answers_its_mirror_image_alike(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    patch = (rng.random((32,) * dimension) ** 8 * 2 - 1).astype(np.float32)
    core = ((0, 32),) * dimension
    for mirrored, alike in ((0, False), (1, True)):
        straight = list(peaks(Lopsided(), patch, core, mirrored))
        turned = list(peaks(Lopsided(), np.flip(patch, 0).copy(), core, mirrored))
        assert len(straight) >= 2
        same = len(straight) == len(turned) and all(
            a.certainty == pytest.approx(b.certainty, abs=1e-4)
            and a.place[0] == pytest.approx(31 - b.place[0], abs=1e-2)
            for a, b in zip(straight, turned, strict=True)
        )
        assert same == alike


def test_a_plane_cannot_be_mirrored_along_a_third_axis() -> None:
    settings = detect_task(dimension=2).model_dump()
    with pytest.raises(ValidationError, match=r"grid\.mirrored must be 2 or less"):
        DetectTask.model_validate({**settings, "grid": {**settings["grid"], "mirrored": 3}})


def test_progress_counts_the_windows() -> None:
    geometry = Geometry((60, 30, 30), np.eye(4))
    seen = []

    find(detect_task(), Bright(), balls(geometry, []), lambda progress: seen.append((progress.done, progress.total)))

    assert len(list(windows(detect_task(), geometry))) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_of_candidates_that_contain_each_others_centre_the_best_stays() -> None:
    a = Candidate((0, 0, 0), 10.0, 0.5)
    b = Candidate((4, 0, 0), 6.0, 0.9)
    c = Candidate((10, 0, 0), 6.0, 0.3)

    assert merged([a, b, c]) == [b, c]
