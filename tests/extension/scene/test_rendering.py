"""What is really drawn: pixels of off-screen views. Set LESIONLAB_PICTURES to a folder to keep the pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from LesionLabLib.answers import Crop
from LesionLabLib.scene import CaseScene, Mark
from tests.extension.scene.parts import OBLIQUE, add_volume, at, block, crop_at

pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")
from tests.extension.scene.views import Views, has_offscreen_gl, save

pytestmark = pytest.mark.skipif(
    not has_offscreen_gl(), reason="no EGL or OSMesa library: install libegl1 and libgl1-mesa-dri to test the drawing"
)

SHAPE = (40, 36, 20)
CENTRE = at(OBLIQUE, 20, 18, 10)
RED, ORANGE = (1.0, 0.0, 0.0), (1.0, 0.5, 0.0)
WIDTH_MM = 40.0
PIXEL_MM = WIDTH_MM / 300


@pytest.fixture(scope="session")
def views(whole_app) -> Views:
    return Views(whole_app)


@pytest.fixture
def drawn(views, app) -> Iterator[CaseScene]:
    """An oblique grey volume, seen from the front (3D) and in an axial slice through its middle."""
    volume = add_volume(app.scene, np.full(SHAPE, 100, np.int16), OBLIQUE)
    display = volume.GetDisplayNode()
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0, 255)
    case = CaseScene(app.scene)
    case.volume_from_node(volume.GetID())
    views.fit(CENTRE, WIDTH_MM)
    yield case
    case.close_case()
    case.close()


def keep(name: str, *pictures: np.ndarray) -> None:
    folder = os.environ.get("LESIONLAB_PICTURES")
    if folder:
        save(Path(folder) / f"{name}.png", *pictures)


def red(picture: np.ndarray) -> np.ndarray:
    return (picture[..., 0] > 200) & (picture[..., 1] < 60) & (picture[..., 2] < 60)


def changed(before: np.ndarray, after: np.ndarray, by: int = 8) -> np.ndarray:
    return np.abs(after - before).max(axis=-1) > by


def index_of(places: np.ndarray) -> np.ndarray:
    inverse = np.linalg.inv(OBLIQUE)
    return places @ inverse[:3, :3].T + inverse[:3, 3]


def off_block(places: np.ndarray, low: tuple[int, ...], high: tuple[int, ...]) -> np.ndarray:
    """Distance in mm (about) of places from a block of voxels; negative within."""
    spacing = np.linalg.norm(OBLIQUE[:3, :3], axis=0)
    index = index_of(places)
    beyond = np.maximum(np.subtract(low, 0.5) - index, index - np.add(high, 0.5))
    return (beyond * spacing).max(axis=-1)


@pytest.mark.parametrize("frozen", [False, True])
def test_the_outline_runs_round_the_mask_and_nowhere_else(drawn, views, frozen) -> None:
    low, high = (13, 12, 6), (26, 23, 13)
    drawn.set_mask("a", block(OBLIQUE, low, high), RED)
    drawn.freeze("a", frozen)
    picture = views.slice_picture()
    keep("outline", picture)
    off = off_block(views.slice_places(), low, high)
    line = red(picture)
    assert line.sum() > 100
    # A voxel is up to 2 mm high: the outline follows voxels, cut obliquely.
    assert np.abs(off[line]).max() < 1.5
    border = np.abs(off) < 0.5 * PIXEL_MM
    near = np.argwhere(line)
    gaps = [np.abs(near - pixel).max(axis=1).min() * PIXEL_MM for pixel in np.argwhere(border)[::7]]
    assert max(gaps) < 1.5
    # The image stays visible within the mask.
    assert picture[150, 150].tolist() == [100, 100, 100]


def test_the_outline_follows_a_new_mask_and_goes_with_it(drawn, views) -> None:
    blank = views.slice_picture()
    drawn.set_mask("a", block(OBLIQUE, (10, 10, 5), (18, 16, 14)), RED)
    views.slice_picture()
    low, high = (22, 18, 5), (29, 25, 14)
    drawn.set_mask("a", block(OBLIQUE, low, high), RED)
    line = red(views.slice_picture())
    assert line.sum() > 50
    assert np.abs(off_block(views.slice_places(), low, high)[line]).max() < 1.5
    drawn.set_mask("a", None, RED)
    np.testing.assert_array_equal(views.slice_picture(), blank)


def test_another_slice_shows_nothing_of_the_mask(drawn, views) -> None:
    drawn.set_mask("a", block(OBLIQUE, (18, 16, 9), (22, 20, 11)), RED)
    assert red(views.slice_picture()).any()
    drawn.jump_to((CENTRE[0], CENTRE[1], CENTRE[2] + 12.0))
    assert not red(views.slice_picture()).any()


def test_the_marker_and_its_ball_are_drawn_where_the_point_is(drawn, views) -> None:
    blank = views.slice_picture()
    point = (CENTRE[0] + 4.0, CENTRE[1] - 3.0, CENTRE[2])
    drawn.show_mark(Mark("a", "", "sphere", point, 12.0, True, colour=ORANGE))
    picture = views.slice_picture()
    keep("marker", picture)
    touched = changed(blank, picture)
    away = np.linalg.norm(views.slice_places() - point, axis=-1)
    assert touched[away < 0.3].all()  # the point
    on_ball = np.abs(away - 6.0) < 0.3
    assert touched[on_ball].any()
    angles = np.degrees(np.arctan2(*(views.slice_places() - point)[..., :2].T)).T
    for angle in range(-180, 180, 15):
        assert touched[on_ball & (np.abs(angles - angle) < 7.5)].any(), angle
    assert not touched[away > 7.5].any()
    assert not touched[(away > 2.0) & (away < 5.0)].any()

    drawn.show_mark(replace(drawn.read_marks()[0], point_mm=(CENTRE[0], CENTRE[1], CENTRE[2] + 9.0)))
    assert not changed(blank, views.slice_picture()).any()  # its ball ends 3 mm above this slice


def test_the_heat_lies_over_the_slice_where_the_map_is_hot(drawn, views) -> None:
    blank = views.slice_picture()
    away = np.linalg.norm(
        np.einsum("ab,bijk->ijka", OBLIQUE, np.stack([*np.indices(SHAPE), np.ones(SHAPE)]))[..., :3] - CENTRE, axis=-1
    )
    drawn.set_heat(opacity=0.6, threshold=0.5)
    drawn.show_heat(Crop((0, 0, 0), OBLIQUE, np.maximum(0.0, 1.0 - away / 12.0)), "saliency")  # 0.5 at 6 mm
    picture = views.slice_picture()
    keep("heat", picture)
    touched = changed(blank, picture)
    distance = np.linalg.norm(views.slice_places() - CENTRE, axis=-1)
    assert touched[distance < 5.0].all()
    assert not touched[distance > 7.0].any()
    assert picture[150, 150, 0] > picture[150, 150, 2] > 100  # hot is bright, and more red than blue
    drawn.set_heat(threshold=0.75)  # 3 mm
    touched = changed(blank, views.slice_picture())
    assert touched[distance < 2.0].all()
    assert not touched[distance > 4.0].any()
    drawn.set_heat(opacity=0.0)
    assert not changed(blank, views.slice_picture()).any()
    drawn.hide_heat()
    np.testing.assert_array_equal(views.slice_picture(), blank)


def test_nested_surfaces_stand_in_space_where_the_map_is_hot(drawn, views) -> None:
    blank = views.space_picture()
    index = np.stack([*np.indices(SHAPE), np.ones(SHAPE)])
    middle = at(OBLIQUE, 24, 20, 12)
    away = np.linalg.norm(np.einsum("ab,bijk->ijka", OBLIQUE, index)[..., :3] - middle, axis=-1)
    drawn.set_heat(opacity=1.0, threshold=0.5)
    drawn.show_heat(Crop((0, 0, 0), OBLIQUE, np.maximum(0.0, 1.0 - away / 12.0)), "saliency")
    picture = views.space_picture()
    keep("surfaces", picture)
    touched = changed(blank, picture)
    x, y = np.indices(touched.shape)
    distance = np.hypot(*(np.stack([x, y]) - views.space_pixel(middle)[:, None, None])) * PIXEL_MM
    assert touched[distance < 5.0].all()
    assert not touched[distance > 6.6].any()
    # The inner shell is hotter, and so brighter, than the outer one alone.
    assert picture[distance < 1.0].mean() > picture[(distance > 4.5) & (distance < 5.5)].mean() + 10
    drawn.hide_heat()
    np.testing.assert_array_equal(views.space_picture(), blank)


def test_the_masks_surface_and_the_mark_stand_in_space(drawn, views) -> None:
    blank = views.space_picture()
    low, high = (16, 14, 7), (24, 22, 13)
    drawn.set_mask("a", block(OBLIQUE, low, high), RED)
    picture = views.space_picture()
    keep("space", picture)
    corners = np.array(
        [
            views.space_pixel(at(OBLIQUE, *corner))
            for corner in np.array(np.meshgrid(*zip(low, high, strict=True))).T.reshape(-1, 3)
        ]
    )
    touched = np.argwhere(changed(blank, picture))
    # The hull of the corners, give or take half a voxel (at most 1 mm, 8 pixels).
    np.testing.assert_allclose(touched.min(axis=0), corners.min(axis=0), atol=10)
    np.testing.assert_allclose(touched.max(axis=0), corners.max(axis=0), atol=10)
    drawn.set_mask("a", block(OBLIQUE, (18, 16, 9), (20, 18, 10)), RED)
    assert changed(blank, views.space_picture()).sum() < len(touched) / 3


def test_undo_draws_the_same_picture_again(drawn, views) -> None:
    drawn.show_mark(Mark("a", "Lesion 1", "sphere", CENTRE, 9.0, True, colour=ORANGE))
    drawn.set_mask("a", block(OBLIQUE, (16, 14, 7), (24, 22, 13)), RED)
    before, snapshot = views.slice_picture(), drawn.snapshot()
    drawn.set_mask("a", crop_at(OBLIQUE, (9, 9, 6), np.ones((4, 4, 6), np.uint8)), RED)
    drawn.remove_mark("a")
    assert changed(before, views.slice_picture()).any()
    drawn.restore(snapshot)
    np.testing.assert_array_equal(views.slice_picture(), before)


def test_on_demand_the_map_is_rendered_as_a_volume(drawn, views) -> None:
    views.space.render_window().SetSize(100, 100)  # ray casting is slow without a GPU
    try:
        blank = views.space_picture()
        drawn.set_heat(opacity=1.0, threshold=0.5)
        drawn.show_heat(block(OBLIQUE, (16, 14, 7), (24, 22, 13)), "saliency")
        surfaces = views.space_picture()
        drawn.show_heat_volume(True)
        rendered = views.space_picture()
        keep("rendered", surfaces, rendered)
        assert changed(surfaces, rendered).any()
        assert changed(blank, rendered)[50, 50]
        assert not changed(blank, rendered)[:20].any()
        drawn.show_heat_volume(False)
        np.testing.assert_array_equal(views.space_picture(), surfaces)
    finally:
        views.space.render_window().SetSize(300, 300)
