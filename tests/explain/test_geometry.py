"""A heat map lies where its image lies, whatever the lattice."""

from __future__ import annotations

import itertools

import nibabel
import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds.detect.asking import DetectExplainRequest
from lesionlab.kinds.explanation import Explanation, explain
from lesionlab.kinds.kind import METHODS, Method
from tests.detect.bright import balls
from tests.explain.shining import CENTRE, lattices, scene, shining_model

#: Beside the centre, so that one cell of the heat map is the hottest.
CLICK = (CENTRE[0] + 0.7, CENTRE[1] + 0.4, CENTRE[2] + 0.5)


def explained(volume: Volume, method: Method = "gradcam", **how: object) -> Explanation:
    request = DetectExplainRequest(point_mm=CLICK)
    return explain(shining_model(), volume, request, method, np.random.default_rng(0), **how)  # type: ignore[arg-type]


def places(volume: Volume, above: float) -> np.ndarray:
    """RAS mm of the voxels above a value."""
    return np.argwhere(volume.array > above) @ volume.geometry.affine[:3, :3].T + volume.geometry.affine[:3, 3]


@pytest.mark.parametrize("geometry", lattices().values(), ids=lattices().keys())
@pytest.mark.parametrize("method", METHODS)
def test_a_map_has_exactly_the_volumes_slices_and_register(geometry: Geometry, method: Method) -> None:
    volume = scene(geometry)
    heat = explained(volume, method).heat
    whole = Volume.zeros(geometry, np.float32).paste(heat)
    assert heat.array.dtype == np.float32
    assert whole.geometry.same_as(geometry, 0.0)
    start = np.rint(geometry.ras_to_index(heat.geometry.index_to_ras((0.0, 0.0, 0.0)))).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, heat.array.shape, strict=True))
    np.testing.assert_array_equal(whole.array[box], heat.array)


@pytest.mark.parametrize("geometry", lattices().values(), ids=lattices().keys())
def test_the_heat_lies_in_the_lesion_that_was_asked_about(geometry: Geometry) -> None:
    # The logit sees 3 cells of 2 mm to each side along the window's axes, and interpolation reaches half a cell further: 4 mm.
    # The other ball is as bright, but has no part in this answer.
    heat = explained(scene(geometry)).heat
    warm = np.linalg.norm(places(heat, 1.0) - CENTRE, axis=1)
    hot = np.linalg.norm(places(heat, 60.0) - CENTRE, axis=1)
    assert heat.array.max() == pytest.approx(100, abs=1e-3)
    assert warm.max() < np.sqrt(3) * 5
    assert len(hot)
    assert hot.max() < 4


def test_flips_and_axis_order_change_nothing_but_the_array() -> None:
    plain = places_and_values(explained(scene(lattices()["along RAS"])).heat)
    for name in ("flipped", "other axes first"):
        other = places_and_values(explained(scene(lattices()[name])).heat)
        np.testing.assert_allclose(other, plain, atol=1e-3, err_msg=name)


def places_and_values(heat: Volume) -> np.ndarray:
    """Rows of R, A, S, value, sorted by place."""
    index = np.indices(heat.array.shape).reshape(3, -1).T
    ras = np.round(index @ heat.geometry.affine[:3, :3].T + heat.geometry.affine[:3, 3], 3)
    rows = np.column_stack([ras, heat.array.ravel()])
    return rows[np.lexsort(rows[:, :3].T)]


@pytest.mark.parametrize("away", list(itertools.product((-0.8, 0.8), repeat=3)))
def test_a_lesion_no_larger_than_a_cell_is_hit_wherever_it_lies_among_the_cells(away: Point) -> None:
    # Cells have edges of 2 mm: the middle of the one that holds the lesion's centre is 1.4 mm from it in the corners.
    centre: Point = (CENTRE[0] + away[0], CENTRE[1] + away[1], CENTRE[2] + away[2])
    start = np.subtract(CENTRE, 30) + 0.5
    geometry = Geometry((60, 60, 60), np.vstack([np.column_stack([np.eye(3), start]), [0, 0, 0, 1]]))
    request = DetectExplainRequest(point_mm=CENTRE)
    found = explain(
        shining_model(reach=1), balls(geometry, [centre], 2.5), request, "gradcam", np.random.default_rng(0)
    )
    assert np.linalg.norm(np.subtract(found.facts["hottest_mm"], centre)) < 0.9


def test_a_plane_is_explained_in_its_own_pixels() -> None:
    plane = balls(Geometry((60, 50, 1), np.diag([-1.0, -1.0, 1.0, 1.0])), [(-30.0, -20.0, 0.0)], radius_mm=6.0)
    request = DetectExplainRequest(point_mm=(-30.0, -20.0, 0.0))
    heat = explain(shining_model(2), plane, request, "gradcam", np.random.default_rng(0)).heat
    assert heat.array.shape[2] == 1
    hot = places(heat, 60.0)
    assert np.abs(hot - [-30, -20, 0]).max() < 4


def test_without_a_point_the_surest_candidate_is_explained() -> None:
    volume = scene(lattices()["along RAS"])
    brighter = Volume(np.where(places_near(volume, CENTRE, 5), volume.array, 0.8 * volume.array), volume.geometry)
    found = explain(shining_model(), brighter, DetectExplainRequest(), "gradcam", np.random.default_rng(0))
    assert np.linalg.norm(np.subtract(found.facts["point_mm"], CENTRE)) < 1.5


def places_near(volume: Volume, centre: tuple[float, ...], radius_mm: float) -> np.ndarray:
    index = np.indices(volume.array.shape).reshape(3, -1).T
    ras = index @ volume.geometry.affine[:3, :3].T + volume.geometry.affine[:3, 3]
    return (np.linalg.norm(ras - centre, axis=1) < radius_mm).reshape(volume.array.shape)


def test_where_nothing_is_found_a_point_is_asked_for() -> None:
    empty = Volume.zeros(lattices()["along RAS"], np.float32)
    with pytest.raises(InputError, match="nothing was found that could be explained; expected point_mm"):
        explain(shining_model(), empty, DetectExplainRequest(), "gradcam", np.random.default_rng(0))


def test_the_checks_come_with_the_map() -> None:
    found = explained(scene(lattices()["along RAS"]), "deepshap", checked=True)
    checks = found.summary()["checks"]
    assert checks["completeness_error"] < 0.01
    assert checks["deletion"][0] == checks["insertion"][-1] == 1
    assert checks["deletion"][-1] == checks["insertion"][0] == 0
    # What the network sums up lies in a few samples, which the map names first.
    assert checks["insertion_area"] > 0.9
    assert checks["deletion_area"] < 0.1


def test_the_smallest_change_is_told_in_the_images_own_values() -> None:
    # Cells of value v (0 .. 100) count 10 * (mean(v) / 50 - 0.5): the answer turns where the mean of 27 cells is 25. The ball
    # is brighter than that; each value may fall by d, so the mean falls by d where it does not reach 0.
    found = explained(scene(lattices()["along RAS"]), "adversarial").summary()
    assert found["flipped"]
    assert found["number"] > 0 >= found["number_after"]
    assert 0 < found["largest_change"] < 50
    assert found["unit"] == "change of the image's values"


def test_agreement_with_a_readers_marks_is_measured_where_it_was_explained() -> None:
    volume = scene(lattices()["oblique"])
    marks = Volume(places_near(volume, CENTRE, 5).astype(np.uint8), volume.geometry)
    found = explained(volume)
    agrees = found.agreement(marks)
    assert agrees["maximum_in_marks"] is True
    assert agrees["share_in_marks"] > 0.7 > 10 * agrees["area_of_marks"]
    with pytest.raises(InputError, match="another lattice"):
        found.agreement(Volume.zeros(lattices()["flipped"]))
    with pytest.raises(InputError, match="only how much places count"):
        explained(volume, "adversarial").agreement(marks)


def test_nibabel_reads_the_map_where_the_image_lies(tmp_path) -> None:
    from lesionlab.image.files import write_volume

    geometry = lattices()["oblique"]
    whole = Volume.zeros(geometry, np.float32).paste(explained(scene(geometry)).heat)
    write_volume(whole, tmp_path / "heat.nii.gz")
    read = nibabel.load(tmp_path / "heat.nii.gz")
    assert read.get_data_dtype() == np.float32
    np.testing.assert_allclose(read.affine, geometry.affine, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(read.dataobj), whole.array)
