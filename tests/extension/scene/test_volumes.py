"""Images: geometry, fingerprint, files."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from lesionlab.image.files import read_volume
from LesionLabLib.errors import ExtensionError, LocalFault
from LesionLabLib.scene import SceneError
from tests.extension.scene.parts import LATTICES, OBLIQUE, STRAIGHT, add_volume, affine_of, put_under, ramp, rotation

SHAPE = (7, 5, 4)
TURN = affine_of(rotation((0, 0, 1), 90.0), (1, 1, 1), (10.0, 20.0, 30.0))


@pytest.mark.parametrize("name", LATTICES)
def test_the_geometry_is_the_nodes_own_without_a_transform(scene, case, name) -> None:
    node = add_volume(scene, ramp(SHAPE), LATTICES[name])
    shape, affine = case.volume_geometry(case.volume_from_node(node.GetID()))
    assert shape == SHAPE
    np.testing.assert_allclose(affine, LATTICES[name], atol=1e-12)


def test_a_quarter_turn_and_a_shift_above_the_volume_are_in_the_geometry(scene, case) -> None:
    node = add_volume(scene, ramp(SHAPE), affine_of(np.eye(3), (2, 3, 4), (1, 1, 1)))
    put_under(scene, node, TURN)
    _, affine = case.volume_geometry(case.volume_from_node(node.GetID()))
    # R -> A, A -> -R: voxel (1, 0, 0) lies at own (3, 1, 1), in the world at (10 - 1, 20 + 3, 30 + 1).
    np.testing.assert_allclose(affine @ (1, 0, 0, 1), (9, 23, 31, 1), atol=1e-12)


def test_a_transform_that_bends_space_is_refused_in_plain_words(scene, case) -> None:
    node = add_volume(scene, ramp(SHAPE), STRAIGHT, "bent")
    parent = scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    grid = slicer.vtkOrientedBSplineTransform()
    parent.SetAndObserveTransformToParent(grid)
    node.SetAndObserveTransformNodeID(parent.GetID())
    with pytest.raises(SceneError, match="bent lies under a transform that is not linear"):
        case.volume_from_node(node.GetID()) and case.volume_geometry(case.volume_from_node(node.GetID()))


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".nii.gz"])
@pytest.mark.parametrize("name", LATTICES)
def test_a_written_image_lies_where_it_lay(scene, case, tmp_path: Path, name, suffix) -> None:
    node = add_volume(scene, ramp(SHAPE), LATTICES[name])
    put_under(scene, node, TURN)
    case.write_volume(case.volume_from_node(node.GetID()), tmp_path / f"a{suffix}")

    read = sitk.ReadImage(str(tmp_path / f"a{suffix}"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read).T, ramp(SHAPE))
    world = TURN @ LATTICES[name]
    for index in [(0, 0, 0), (6, 0, 0), (0, 4, 0), (0, 0, 3), (6, 4, 3)]:
        x, y, z = read.TransformIndexToPhysicalPoint(index)
        # NIfTI keeps its affine in single precision: 1e-7 of 100 mm.
        np.testing.assert_allclose((-x, -y, z), (world @ (*index, 1))[:3], atol=1e-4)


def test_nrrd_keeps_the_geometry_in_double_precision(scene, case, tmp_path: Path) -> None:
    node = add_volume(scene, ramp(SHAPE), OBLIQUE)
    case.write_volume(case.volume_from_node(node.GetID()), tmp_path / "a.nrrd")
    read = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    x, y, z = read.TransformIndexToPhysicalPoint((6, 4, 3))
    np.testing.assert_allclose((-x, -y, z), (OBLIQUE @ (6, 4, 3, 1))[:3], atol=1e-10)


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_nibabel_reads_the_same_numbers_of_every_type(scene, case, tmp_path: Path, kind) -> None:
    voxels = (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 120).astype(kind)
    node = add_volume(scene, voxels, OBLIQUE)
    case.write_volume(case.volume_from_node(node.GetID()), tmp_path / "a.nii.gz")
    read = nib.load(tmp_path / "a.nii.gz")
    assert read.get_data_dtype() == np.dtype(kind)
    np.testing.assert_array_equal(np.asarray(read.dataobj), voxels)
    np.testing.assert_allclose(read.affine, OBLIQUE, atol=1e-5)
    assert read.header.get_xyzt_units()[0] == "mm"


def test_a_sheared_image_is_written_as_it_is(scene, case, tmp_path: Path) -> None:
    shear = np.eye(4)
    shear[0, 2] = 0.3  # a tilted gantry
    node = add_volume(scene, ramp(SHAPE), STRAIGHT)
    put_under(scene, node, shear)
    case.write_volume(case.volume_from_node(node.GetID()), tmp_path / "a.nii")
    np.testing.assert_allclose(nib.load(tmp_path / "a.nii").affine, shear, atol=1e-7)


def test_colours_are_written_as_luminance(scene, case, tmp_path: Path) -> None:
    colours = np.zeros((2, 1, 1, 3), dtype=np.uint8)
    colours[0, 0, 0] = (100, 200, 50)  # 29.9 + 117.4 + 5.7 = 153
    colours[1, 0, 0] = (255, 255, 255)
    node = add_volume(scene, colours, STRAIGHT)
    case.write_volume(case.volume_from_node(node.GetID()), tmp_path / "a.nrrd")
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nrrd"))).ravel().tolist() == [153, 255]


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
@pytest.mark.parametrize("name", LATTICES)
def test_what_was_written_loads_onto_the_same_lattice(scene, case, tmp_path: Path, name, suffix) -> None:
    node = add_volume(scene, ramp(SHAPE), LATTICES[name])
    ref = case.volume_from_node(node.GetID())
    case.write_volume(ref, tmp_path / f"case_1{suffix}")
    loaded = case.load_volume(tmp_path / f"case_1{suffix}")
    assert loaded.name == "case_1"
    shape, affine = case.volume_geometry(loaded)
    assert shape == SHAPE
    np.testing.assert_allclose(affine, LATTICES[name], atol=1e-5)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(scene.GetNodeByID(loaded.node_id)).T, ramp(SHAPE))


def test_the_fingerprint_changes_if_and_only_if_voxels_or_geometry_change(scene, case) -> None:
    node = add_volume(scene, ramp(SHAPE), OBLIQUE)
    ref = case.volume_from_node(node.GetID())
    first = case.volume_fingerprint(ref)

    node.SetName("another name")
    node.GetImageData().GetPointData().GetScalars().Modified()
    node.GetDisplayNode().SetWindow(3.0)
    assert case.volume_fingerprint(ref) == first

    voxels = slicer.util.arrayFromVolume(node)
    voxels[1, 2, 3] += 1
    slicer.util.arrayFromVolumeModified(node)
    second = case.volume_fingerprint(ref)
    voxels[1, 2, 3] -= 1
    slicer.util.arrayFromVolumeModified(node)
    assert second != first
    assert case.volume_fingerprint(ref) == first

    parent = put_under(scene, node, TURN)
    third = case.volume_fingerprint(ref)
    node.SetAndObserveTransformNodeID(None)
    scene.RemoveNode(parent)
    assert third not in (first, second)
    assert case.volume_fingerprint(ref) == first

    node.SetSpacing(0.6, 0.9, 2.0001)
    assert case.volume_fingerprint(ref) != first


def test_equal_bytes_of_another_shape_or_type_have_another_fingerprint(scene, case) -> None:
    same = [np.zeros((4, 2, 2), np.int16), np.zeros((2, 4, 2), np.int16), np.zeros((4, 2, 2), np.uint16)]
    refs = [case.volume_from_node(add_volume(scene, voxels, STRAIGHT).GetID()) for voxels in same]
    assert len({case.volume_fingerprint(ref) for ref in refs}) == 3


def test_a_file_that_is_no_image_is_refused_and_leaves_nothing_behind(scene, case, tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").write_text("not an image")
    before = scene.GetNumberOfNodes()
    with pytest.raises(SceneError, match="a.nrrd holds no image"):
        case.load_volume(tmp_path / "a.nrrd")
    assert scene.GetNumberOfNodes() == before
    with pytest.raises(LocalFault, match="There is no file"):
        case.load_volume(tmp_path / "b.nrrd")


def test_a_volume_that_was_deleted_is_said_to_be_gone(scene, case) -> None:
    node = add_volume(scene, ramp(SHAPE), STRAIGHT)
    ref = case.volume_from_node(node.GetID())
    scene.RemoveNode(node)
    with pytest.raises(SceneError, match="no longer in the scene"):
        case.volume_geometry(ref)
    case.close_case()


def test_a_full_disk_or_a_missing_folder_is_a_local_fault(scene, case, tmp_path: Path) -> None:
    ref = case.volume_from_node(add_volume(scene, ramp(SHAPE), STRAIGHT).GetID())
    with pytest.raises(LocalFault, match="cannot be written"):
        case.write_volume(ref, tmp_path / "missing" / "a.nrrd")
    with pytest.raises(ExtensionError, match=r"choose a name ending with \.nrrd"):
        case.write_volume(ref, tmp_path / "a.png")


def test_the_volume_is_shown_in_every_slice_view(scene, case) -> None:
    composites = [scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode") for _ in range(3)]
    ref = case.volume_from_node(add_volume(scene, ramp(SHAPE), STRAIGHT).GetID())
    assert [composite.GetBackgroundVolumeID() for composite in composites] == [ref.node_id] * 3


def test_jump_to_moves_every_slice_view(scene, case) -> None:
    views = [scene.AddNewNodeByClass("vtkMRMLSliceNode") for _ in range(2)]
    case.jump_to((1.0, 2.0, 3.0))
    assert [view.GetSliceToRAS().GetElement(2, 3) for view in views] == [3.0, 3.0]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_lies_where_the_server_puts_it(case, tmp_path: Path, suffix) -> None:
    grey = np.zeros((4, 6), dtype=np.uint8)  # 4 rows of 6
    grey[:2, :3] = 200  # the upper left quarter
    sitk.WriteImage(sitk.GetImageFromArray(grey), str(tmp_path / f"a{suffix}"))
    ref = case.load_volume(tmp_path / f"a{suffix}")
    case.write_volume(ref, tmp_path / "b.nii")
    ours, servers = nib.load(tmp_path / "b.nii"), read_volume(tmp_path / f"a{suffix}")
    assert ours.shape == (6, 4, 1)
    np.testing.assert_allclose(ours.affine, servers.geometry.affine)
    np.testing.assert_allclose(np.asarray(ours.dataobj), servers.array, atol=1)


def test_a_colour_picture_keeps_its_colours_in_the_scene(scene, case, tmp_path: Path) -> None:
    colours = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), str(tmp_path / "a.png"))
    ref = case.load_volume(tmp_path / "a.png")
    shown = slicer.util.arrayFromVolume(scene.GetNodeByID(ref.node_id))
    np.testing.assert_array_equal(shown[0], colours)
