"""Masks: placed exactly, divided between neighbours, kept, undone, written."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from vtk.util import numpy_support

from lesionlab.image.files import read_volume
from LesionLabLib.answers import Crop
from LesionLabLib.errors import LocalFault
from LesionLabLib.scene import Mark, SceneError, SceneSnapshot
from tests.extension.scene.parts import (
    FLIPPED,
    LATTICES,
    OBLIQUE,
    STRAIGHT,
    add_volume,
    affine_of,
    at,
    block,
    crop_at,
    matrix,
    put_under,
    ramp,
    rotation,
)

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
SHAPE = (20, 24, 10)


def segmentation(scene):
    return scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")


def voxels_in_slicer(scene, lesion_id: str) -> np.ndarray:
    """A segment on the volume's lattice, as Slicer itself resamples it."""
    image = slicer.vtkOrientedImageData()
    assert segmentation(scene).GetBinaryLabelmapRepresentation(lesion_id, image)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    volume = scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    reference = logic.CreateOrientedImageDataFromVolumeNode(volume, segmentation(scene).GetParentTransformNode())
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, reference, image)
    i, j, k = image.GetDimensions()
    return numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(k, j, i).T


@pytest.mark.parametrize("name", LATTICES)
@pytest.mark.parametrize("moved", [False, True])
def test_a_crop_lands_on_its_voxels(scene, case, name, moved) -> None:
    world = affine_of(rotation((1, 1, 0), 40.0), (1, 1, 1), (5.0, -6.0, 7.0)) if moved else np.eye(4)
    node = add_volume(scene, ramp(SHAPE), LATTICES[name])
    put_under(scene, node, world)
    case.volume_from_node(node.GetID())
    inside = np.random.default_rng(1).random((4, 3, 5)) < 0.5
    case.set_mask("a", crop_at(world @ LATTICES[name], (7, 9, 2), inside.astype(np.uint8)), RED)

    whole = np.zeros(SHAPE, np.uint8)
    whole[7:11, 9:12, 2:7] = inside
    np.testing.assert_array_equal(case.mask_voxels("a"), whole)
    np.testing.assert_array_equal(voxels_in_slicer(scene, "a") != 0, whole != 0)


@pytest.mark.parametrize("name", LATTICES)
def test_the_drawn_surface_lies_round_the_voxels_in_millimetres(scene, open_case, name) -> None:
    affine = LATTICES[name]
    open_case(affine).set_mask("a", block(affine, (5, 6, 2), (11, 12, 6)), RED)
    surface = segmentation(scene).GetSegmentation().GetSegment("a").GetRepresentation("Closed surface")
    points = numpy_support.vtk_to_numpy(surface.GetPoints().GetData())
    own = (np.linalg.inv(affine) @ np.c_[points, np.ones(len(points))].T)[:3].T
    # The block reaches from 4.5 to 11.5, and so on; smoothing rounds its edges by less than half a voxel.
    np.testing.assert_allclose(own.min(axis=0), (4.5, 5.5, 1.5), atol=0.35)
    np.testing.assert_allclose(own.max(axis=0), (11.5, 12.5, 6.5), atol=0.35)
    np.testing.assert_allclose(own.mean(axis=0), (8, 9, 4), atol=0.1)


@pytest.mark.parametrize(("order", "flips"), [((2, 0, 1), (0,)), ((1, 0, 2), ()), ((0, 1, 2), (0, 2))])
def test_a_crop_whose_axes_run_otherwise_lands_on_the_same_voxels(open_case, order, flips) -> None:
    case = open_case(OBLIQUE)
    inside = np.random.default_rng(2).random((4, 3, 5)) < 0.5
    turned = np.flip(inside.transpose(order), axis=flips)
    own = crop_at(OBLIQUE, (7, 9, 2), inside).affine
    affine = np.eye(4)
    affine[:3, :3] = own[:3, list(order)]
    affine[:3, 3] = own[:3, 3]
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (turned.shape[axis] - 1)
        affine[:3, axis] *= -1
    case.set_mask("a", Crop((0, 0, 0), affine, turned.astype(np.uint8)), RED)
    whole = np.zeros(SHAPE, np.uint8)
    whole[7:11, 9:12, 2:7] = inside
    np.testing.assert_array_equal(case.mask_voxels("a"), whole)


@pytest.mark.parametrize("wrong", ["half a voxel off", "coarser", "turned"])
def test_a_mask_of_another_image_is_refused_and_changes_nothing(open_case, wrong) -> None:
    case = open_case(OBLIQUE)
    case.set_mask("a", block(OBLIQUE, (3, 3, 3), (4, 4, 4)), RED)
    affine = OBLIQUE.copy()
    if wrong == "half a voxel off":
        affine[:3, 3] += OBLIQUE[:3, 0] / 2
    elif wrong == "coarser":
        affine[:3, 1] *= 2
    else:
        affine[:3, :3] = rotation((0, 0, 1), 5.0) @ affine[:3, :3]
    with pytest.raises(SceneError, match="belongs to another image"):
        case.set_mask("a", block(affine, (5, 5, 5), (9, 9, 8)), RED)
    assert np.argwhere(case.mask_voxels("a")).tolist() == [[i, j, k] for i in (3, 4) for j in (3, 4) for k in (3, 4)]


def test_what_reaches_beyond_the_image_is_cut_off(open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (-3, 22, 8), (1, 30, 30)), RED)
    assert np.argwhere(case.mask_voxels("a")).tolist() == [[i, j, k] for i in (0, 1) for j in (22, 23) for k in (8, 9)]


def test_a_slice_may_say_anything_of_its_thickness(scene, case) -> None:
    case.volume_from_node(add_volume(scene, ramp((6, 5, 1)), STRAIGHT).GetID())
    thick = np.diag([1.0, 1.0, 7.0, 1.0])
    case.set_mask("a", block(thick, (2, 3, 0), (3, 3, 0)), RED)
    assert np.argwhere(case.mask_voxels("a")).tolist() == [[2, 3, 0], [3, 3, 0]]


# Neighbours


def test_a_new_mask_never_takes_a_voxel_from_a_finished_neighbour(scene, open_case) -> None:
    case = open_case(FLIPPED)
    case.set_mask("a", block(FLIPPED, (2, 2, 2), (7, 7, 7)), RED)
    case.freeze("a")
    case.set_mask("b", block(FLIPPED, (6, 6, 2), (11, 11, 7)), GREEN)
    assert case.mask_voxels("a").sum() == 6 * 6 * 6
    assert case.mask_voxels("b").sum() == 6 * 6 * 6 - 2 * 2 * 6
    assert not (voxels_in_slicer(scene, "a") & voxels_in_slicer(scene, "b")).any()


def test_of_two_unfinished_masks_the_later_shows_and_the_other_gets_its_voxels_back(scene, open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (7, 7, 7)), RED)
    case.set_mask("b", block(STRAIGHT, (6, 6, 2), (11, 11, 7)), GREEN)
    assert (case.mask_voxels("a").sum(), case.mask_voxels("b").sum()) == (216 - 24, 216)
    assert voxels_in_slicer(scene, "a").astype(bool).sum() == 192
    case.set_mask("b", block(STRAIGHT, (7, 7, 2), (11, 11, 7)), GREEN)
    assert case.mask_voxels("a").sum() == 216 - 6
    case.set_mask("b", None, GREEN)
    assert case.mask_voxels("a").sum() == 216
    assert voxels_in_slicer(scene, "a").astype(bool).sum() == 216


def test_freezing_and_unfreezing_change_no_voxel(open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (7, 7, 7)), RED)
    case.set_mask("b", block(STRAIGHT, (6, 6, 2), (11, 11, 7)), GREEN)
    before = case.labelmap()[0]
    for lesion_id in ("a", "b", "a", "b"):
        case.freeze(lesion_id)
        np.testing.assert_array_equal(case.labelmap()[0], before)
    for lesion_id in ("a", "b"):
        case.freeze(lesion_id, False)
        np.testing.assert_array_equal(case.labelmap()[0], before)


def test_a_finished_mask_is_not_changed_but_may_be_taken_away(open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (3, 3, 3)), RED, "Lesion 1")
    case.freeze("a")
    with pytest.raises(SceneError, match="Lesion 1 is finished"):
        case.set_mask("a", block(STRAIGHT, (2, 2, 2), (9, 9, 9)), RED)
    assert case.mask_voxels("a").sum() == 8
    case.set_mask("a", None, RED)
    assert case.mask_voxels("a").sum() == 0


def test_no_order_of_actions_takes_a_voxel_from_a_finished_lesion(open_case) -> None:
    case = open_case(STRAIGHT)
    draw = np.random.default_rng(3)
    finished: dict[str, np.ndarray] = {}
    for _ in range(150):
        lesion = f"{draw.integers(6)}"
        if lesion in finished:
            if draw.random() < 0.3:
                del finished[lesion]
                case.freeze(lesion, False)
        elif draw.random() < 0.25:
            case.freeze(lesion)
            if case.mask_crop(lesion) is not None:
                finished[lesion] = case.mask_voxels(lesion)
        else:
            low = draw.integers(0, (14, 18, 6))
            case.set_mask(lesion, block(STRAIGHT, tuple(low), tuple(low + draw.integers(1, 6, 3))), RED)
        masks = [case.mask_voxels(str(number)) for number in range(6)]
        assert np.sum(masks, axis=0).max() <= 1
        for name, before in finished.items():
            np.testing.assert_array_equal(masks[int(name)], before)


# Undo


def test_a_snapshot_is_restored_exactly(scene, open_case) -> None:
    case = open_case(OBLIQUE)
    case.show_mark(Mark("a", "Lesion 1", "sphere", (1.0, 2.0, 3.0), 5.0, True, colour=RED))
    case.set_mask("a", block(OBLIQUE, (2, 2, 2), (7, 7, 7)), RED, "Lesion 1")
    case.set_mask("b", block(OBLIQUE, (6, 6, 2), (11, 11, 7)), GREEN)
    case.freeze("b")
    marks, labels = case.read_marks(), case.labelmap()[0]
    snapshot = case.snapshot()
    empty = SceneSnapshot((), ())

    case.freeze("b", False)
    case.set_mask("b", None, GREEN)
    case.set_mask("c", block(OBLIQUE, (0, 0, 0), (19, 23, 9)), BLUE)
    case.remove_mark("a")
    case.restore(snapshot)
    assert case.read_marks() == marks
    np.testing.assert_array_equal(case.labelmap()[0], labels)
    assert segmentation(scene).GetSegmentation().GetSegmentIDs() == ("a", "b")
    np.testing.assert_array_equal(voxels_in_slicer(scene, "a") != 0, labels == 1)
    with pytest.raises(SceneError, match="is finished"):
        case.set_mask("b", block(OBLIQUE, (0, 0, 0), (1, 1, 1)), GREEN)
    # What was cut off by the neighbour is in the snapshot too.
    case.freeze("b", False)
    case.set_mask("b", None, GREEN)
    assert case.mask_voxels("a").sum() == 216

    case.restore(empty)
    assert case.read_marks() == ()
    assert case.labelmap()[0].max() == 0


def test_restoring_tells_no_listener(open_case) -> None:
    case = open_case(STRAIGHT)
    heard: list[object] = []
    case.on_mark_moved(lambda *said: heard.append(said))
    case.on_mark_removed(heard.append)
    before = case.snapshot()
    case.show_mark(Mark("a", "Lesion 1", "sphere", (1.0, 2.0, 3.0), 5.0, True))
    after = case.snapshot()
    case.restore(before)
    case.restore(after)
    assert heard == []


def test_a_hundred_snapshots_share_their_masks(open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (7, 7, 7)), RED)
    snapshots = []
    for number in range(100):
        case.set_mask("b", block(STRAIGHT, (9, 9, 0), (10 + number % 5, 10, 1)), GREEN)
        snapshots.append(case.snapshot())
    arrays = {id(state.crop.voxels): state.crop.voxels.nbytes for shot in snapshots for state in shot.masks}
    # 216 voxels of "a" once, and each "b" of at most 6 x 2 x 2.
    assert sum(arrays.values()) <= 216 + 100 * 24


def test_a_snapshot_cannot_be_changed_by_what_happens_later(open_case) -> None:
    case = open_case(STRAIGHT)
    given = np.ones((3, 3, 3), np.uint8)
    case.set_mask("a", crop_at(STRAIGHT, (1, 1, 1), given), RED)
    snapshot = case.snapshot()
    given[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        snapshot.masks[0].crop.voxels[0, 0, 0] = False
    case.restore(snapshot)
    assert case.mask_voxels("a").sum() == 27


# The user's own hand


def oriented(affine: np.ndarray, voxels: np.ndarray):
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*voxels.shape)
    image.SetImageToWorldMatrix(matrix(affine))
    flat = np.ascontiguousarray(voxels.T).ravel()
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(flat, deep=True))
    return image


def test_what_is_painted_in_slicer_counts(scene, open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
    case.set_mask("b", block(STRAIGHT, (8, 8, 2), (9, 9, 4)), GREEN)
    painted = np.zeros(SHAPE, np.uint8)
    painted[0:3, 0:3, 0:3] = 1
    brush = oriented(STRAIGHT, painted)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.SetBinaryLabelmapToSegment(brush, segmentation(scene), "a", logic.MODE_REPLACE)
    np.testing.assert_array_equal(case.mask_voxels("a"), painted)
    assert case.mask_voxels("b").sum() == 12
    case.set_mask("b", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), GREEN)
    assert (case.mask_voxels("a").sum(), case.mask_voxels("b").sum()) == (26, 27)


def test_a_segment_that_the_user_deletes_is_gone(scene, open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
    case.set_mask("b", block(STRAIGHT, (8, 8, 2), (9, 9, 4)), GREEN)
    segmentation(scene).GetSegmentation().RemoveSegment("a")
    assert case.labelmap()[0].sum() == 12  # "b" alone, with value 1
    assert [state.lesion_id for state in case.snapshot().masks] == ["b"]


def test_masks_stay_in_register_when_the_image_is_moved(scene, case) -> None:
    node = add_volume(scene, ramp(SHAPE), STRAIGHT)
    case.volume_from_node(node.GetID())
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
    world = affine_of(rotation((0, 0, 1), 90.0), (1, 1, 1), (10.0, 0.0, 0.0))
    put_under(scene, node, world)
    assert case.mask_voxels("a").sum() == 27
    np.testing.assert_allclose(case.labelmap()[1], world, atol=1e-12)
    np.testing.assert_allclose(case.mask_crop("a").affine[:3, 3], at(world, 2, 2, 2), atol=1e-12)
    case.set_mask("b", block(world, (8, 8, 2), (9, 9, 4)), GREEN)
    assert case.mask_voxels("b").sum() == 12
    bounds = [0.0] * 6
    segmentation(scene).GetRASBounds(bounds)
    # Voxels 2..9 along both axes: R = 10 - j, A = i.
    assert bounds[0] == pytest.approx(10 - 9.5, abs=0.6)
    assert bounds[3] == pytest.approx(9.5, abs=0.6)


# Names, colours, files


def test_a_mask_takes_the_name_and_colour_of_its_mark(scene, open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED, "Lesion 1")
    case.show_mark(Mark("a", "Cyst", "sphere", (1.0, 2.0, 3.0), 5.0, True, colour=BLUE))
    segment = segmentation(scene).GetSegmentation().GetSegment("a")
    assert (segment.GetName(), segment.GetColor()) == ("Cyst", BLUE)


@pytest.mark.parametrize("name", LATTICES)
@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_a_written_labelmap_lies_on_the_images_own_lattice(scene, case, tmp_path: Path, name, suffix) -> None:
    affine = LATTICES[name]
    nib.save(nib.Nifti1Image(ramp(SHAPE), affine), tmp_path / "image.nii.gz")
    case.load_volume(tmp_path / "image.nii.gz")
    own = case.labelmap()[1]
    case.set_mask("a", block(own, (2, 2, 2), (4, 4, 4)), RED)
    case.set_mask("b", block(own, (8, 8, 2), (9, 9, 4)), GREEN)
    case.write_labelmap(tmp_path / f"label{suffix}")

    image, label = read_volume(tmp_path / "image.nii.gz"), read_volume(tmp_path / f"label{suffix}")
    np.testing.assert_allclose(label.geometry.affine, image.geometry.affine, atol=1e-5)
    assert label.array.dtype == np.uint8
    assert [int((label.array == value).sum()) for value in (1, 2)] == [27, 12]
    assert sitk.ReadImage(str(tmp_path / f"label{suffix}"))[3, 3, 3] == 1

    one, two = case.load_labelmap(tmp_path / f"label{suffix}")
    assert (one.value, one.crop.origin_index, one.crop.voxels.sum()) == (1, (2, 2, 2), 27)
    assert (two.value, two.crop.origin_index, two.crop.voxels.shape) == (2, (8, 8, 2), (2, 2, 3))
    before = case.labelmap()[0]
    case.close_case()
    case.load_volume(tmp_path / "image.nii.gz")
    for region in (one, two):
        case.set_mask(str(region.value), region.crop, RED)
    np.testing.assert_array_equal(case.labelmap()[0], before)


def test_labels_of_another_image_are_refused(open_case, tmp_path: Path) -> None:
    case = open_case(STRAIGHT)
    nib.save(nib.Nifti1Image(np.ones((3, 3, 3), np.uint8), STRAIGHT), tmp_path / "small.nii")
    with pytest.raises(SceneError, match="3 x 3 x 3 instead of 20 x 24 x 10"):
        case.load_labelmap(tmp_path / "small.nii")
    moved = STRAIGHT.copy()
    moved[0, 3] = 4.3
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.uint8), moved), tmp_path / "moved.nii")
    with pytest.raises(SceneError, match="another image"):
        case.load_labelmap(tmp_path / "moved.nii")
    (tmp_path / "no.nii").write_text("nothing")
    with pytest.raises(SceneError, match="holds no labels"):
        case.load_labelmap(tmp_path / "no.nii")
    with pytest.raises(LocalFault):
        case.load_labelmap(tmp_path / "missing.nii")


def test_more_than_255_lesions_need_sixteen_bits(open_case) -> None:
    case = open_case(STRAIGHT)
    for number in range(256):
        i, rest = number % 20, number // 20
        case.set_mask(f"{number}", block(STRAIGHT, (i, rest, 0), (i, rest, 0)), RED)
    labels, _ = case.labelmap()
    assert labels.dtype == np.uint16
    assert labels.max() == 256


def test_without_an_image_masks_are_refused_in_plain_words(case) -> None:
    with pytest.raises(SceneError, match="No image is open"):
        case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
    assert case.snapshot().masks == ()


def test_an_empty_mask_is_a_mask_without_voxels(scene, open_case) -> None:
    case = open_case(STRAIGHT)
    case.set_mask("a", crop_at(STRAIGHT, (1, 1, 1), np.zeros((3, 3, 3), np.uint8)), RED)
    assert case.mask_voxels("a").sum() == 0
    assert voxels_in_slicer(scene, "a").sum() == 0
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
    assert case.mask_voxels("a").sum() == 27
    case.set_mask("a", crop_at(STRAIGHT, (2, 2, 2), np.zeros((3, 3, 3), np.uint8)), RED)
    assert case.mask_voxels("a").sum() == 0
    case.set_mask("a", block(STRAIGHT, (2, 2, 2), (4, 4, 4)), RED)
    case.freeze("a")
    case.set_mask("b", block(STRAIGHT, (3, 3, 3), (4, 4, 4)), GREEN)  # wholly within the finished one
    assert case.mask_voxels("b").sum() == 0
    assert case.mask_voxels("a").sum() == 27
