"""The window that explains a candidate has it in the middle of a cell."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.image.geometry import Geometry
from lesionlab.kinds import find_task
from lesionlab.kinds.detect.explaining import window_around
from lesionlab.kinds.detect.task import DetectTask
from lesionlab.networks.heatmap import CELL


def detector(name: str) -> DetectTask:
    task = find_task(name)
    assert isinstance(task, DetectTask)
    return task


def turned() -> Geometry:
    """Steps of 0.5 mm that lie askew, with the first axis running to the left."""
    c, s = np.cos(0.3), np.sin(0.3)
    steps = np.array([[-c, -s, 0], [-s, c, 0], [0, 0, 1]]) * 0.5
    affine = np.eye(4)
    affine[:3, :3] = steps
    affine[:3, 3] = 20, -10, 5
    return Geometry((80, 80, 80), affine)


def test_a_point_in_a_volume_lies_in_the_middle_of_the_cell_before_the_windows_middle() -> None:
    point = turned().index_to_ras((40.3, 37.1, 41.9))
    window = window_around(detector("aneurysm_mra"), turned(), point)
    # 48 samples in cells of two: samples 22 and 23 are the cell before the middle.
    assert (window.shape, CELL) == ((48, 48, 48), 2)
    assert window.to_patch(point) == pytest.approx((22.5, 22.5, 22.5))


def test_a_point_in_a_plane_lies_so_too() -> None:
    plane = Geometry((512, 400, 1), np.eye(4))
    window = window_around(detector("mass_mammo"), plane, (200.0, 150.0, 0.0))
    assert window.shape == (192, 192, 1)
    assert window.to_patch((200.0, 150.0, 0.0)) == pytest.approx((94.5, 94.5, 0.0))
