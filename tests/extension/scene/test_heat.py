"""Heat maps: a layer over the slices, nested surfaces in 3D, in register with the image."""

from __future__ import annotations

import numpy as np
import pytest
import vtk

from LesionLabLib.answers import Crop
from LesionLabLib.scene import SceneError
from tests.extension.scene.parts import LATTICES, OBLIQUE, STRAIGHT, add_volume, at, nodes_of

MIDDLE = (11.0, 9.5, 6.25)


def blob(affine: np.ndarray, middle=MIDDLE, sigma_mm: float = 2.0) -> Crop:
    """A Gaussian of the physical distance from index ``middle``: its isosurfaces are spheres in the world."""
    index = np.stack([*np.indices((23, 20, 13)), np.ones((23, 20, 13))])
    away = np.einsum("ab,bijk->aijk", affine, index)[:3] - np.reshape(at(affine, *middle), (3, 1, 1, 1))
    return Crop((0, 0, 0), affine, np.exp(-(away**2).sum(axis=0) / (2 * sigma_mm**2)).astype(np.float32))


def shells(scene) -> list:
    return [node for node in nodes_of(scene) if node.IsA("vtkMRMLModelNode")]


def radius_mm(model) -> float:
    mass = vtk.vtkMassProperties()
    mass.SetInputData(model.GetPolyData())
    return (3 * mass.GetVolume() / (4 * np.pi)) ** (1 / 3)


@pytest.mark.parametrize("name", LATTICES)
def test_the_isosurfaces_lie_round_the_blob_in_the_world(scene, case, name) -> None:
    affine = LATTICES[name]
    case.show_heat(blob(affine), "saliency")
    for shell in shells(scene):
        centre = vtk.vtkCenterOfMass()
        centre.SetInputData(shell.GetPolyData())
        centre.Update()
        index = at(np.linalg.inv(affine), *centre.GetCenter())
        assert np.abs(np.subtract(index, MIDDLE)).max() < 0.5


def test_the_shells_are_nested_at_their_levels(scene, case) -> None:
    affine = LATTICES["straight"]
    case.set_heat(opacity=0.8, threshold=0.5)
    case.show_heat(blob(affine, (11.0, 10.0, 6.0), sigma_mm=4.5), "saliency")
    # Levels 0.5, 0.5 + 0.4 x 0.5, 0.5 + 0.75 x 0.5; the Gaussian has level v at r = sigma sqrt(-2 ln v).
    expected = [4.5 * np.sqrt(-2 * np.log(level)) for level in (0.5, 0.7, 0.875)]
    assert [radius_mm(shell) for shell in shells(scene)] == pytest.approx(expected, rel=0.06)
    assert [shell.GetDisplayNode().GetOpacity() for shell in shells(scene)] == pytest.approx([0.2, 0.4, 0.8])


def test_a_higher_threshold_makes_the_outer_surface_smaller(scene, case) -> None:
    case.show_heat(blob(STRAIGHT), "saliency")
    before = radius_mm(shells(scene)[0])
    case.set_heat(threshold=0.8)
    assert radius_mm(shells(scene)[0]) == pytest.approx(2 * np.sqrt(-2 * np.log(0.8)), rel=0.06)
    assert radius_mm(shells(scene)[0]) < before
    case.set_heat(threshold=1.0)  # nothing but the very top is left, and nothing breaks
    case.set_heat(threshold=0.0)
    assert radius_mm(shells(scene)[0]) > before


def test_normals_point_outwards_whichever_way_the_lattice_runs(scene, case) -> None:
    for affine in LATTICES.values():
        case.show_heat(blob(affine), "saliency")
        surface = shells(scene)[0].GetPolyData()
        points = vtk.util.numpy_support.vtk_to_numpy(surface.GetPoints().GetData())
        normals = vtk.util.numpy_support.vtk_to_numpy(surface.GetPointData().GetNormals())
        outwards = ((points - at(affine, *MIDDLE)) * normals).sum(axis=1)
        assert (outwards > 0).mean() > 0.99


def test_the_slice_layer_has_the_maps_numbers_where_the_map_has_them(scene, case) -> None:
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    crop = blob(OBLIQUE)
    case.show_heat(crop, "saliency")
    node = scene.GetNodeByID(composite.GetForegroundVolumeID())
    assert node.GetName() == "saliency"
    shown = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(shown)
    np.testing.assert_allclose([shown.GetElement(r, c) for r in range(4) for c in range(4)], OBLIQUE.ravel())
    assert node.GetImageData().GetScalarComponentAsFloat(3, 7, 5, 0) == pytest.approx(crop.voxels[3, 7, 5])


def test_opacity_and_threshold_reach_the_slice_layer_in_the_maps_own_units(scene, case) -> None:
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    crop = blob(STRAIGHT, (11.0, 10.0, 6.0))
    case.show_heat(Crop(crop.origin_index, crop.affine, 40.0 * crop.voxels), "anomaly")
    case.set_heat(opacity=0.3, threshold=0.25)
    display = scene.GetNodeByID(composite.GetForegroundVolumeID()).GetDisplayNode()
    assert composite.GetForegroundOpacity() == pytest.approx(0.3)
    assert (display.GetApplyThreshold(), display.GetLowerThreshold()) == (1, pytest.approx(10.0))
    assert display.GetWindowLevelMax() == pytest.approx(40.0)


def test_hiding_the_map_gives_the_slices_back_what_they_showed(scene, case) -> None:
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    pet = add_volume(scene, np.ones((3, 3, 3), np.float32), STRAIGHT, "PET")
    composite.SetForegroundVolumeID(pet.GetID())
    composite.SetForegroundOpacity(0.7)
    before = scene.GetNumberOfNodes()
    case.show_heat(blob(STRAIGHT), "one")
    case.show_heat(blob(STRAIGHT), "two")
    case.show_heat_volume(True)
    case.hide_heat()
    assert (composite.GetForegroundVolumeID(), composite.GetForegroundOpacity()) == (pet.GetID(), 0.7)
    assert scene.GetNumberOfNodes() == before


def test_volume_rendering_takes_the_place_of_the_surfaces_and_goes_again(scene, case) -> None:
    case.show_heat(blob(STRAIGHT), "saliency")
    case.show_heat_volume(True)
    (rendering,) = [node for node in nodes_of(scene) if node.IsA("vtkMRMLVolumeRenderingDisplayNode")]
    assert rendering.GetVolumeNode().GetName() == "saliency"
    assert rendering.GetVisibility()
    solid = rendering.GetVolumePropertyNode().GetVolumeProperty().GetScalarOpacity()
    case.set_heat(opacity=0.6, threshold=0.4)
    top = float(blob(STRAIGHT).voxels.max())
    assert solid.GetValue(0.39 * top) == 0.0
    assert [shell.GetDisplayNode().GetVisibility3D() for shell in shells(scene)] == [0, 0, 0]
    case.show_heat_volume(False)
    assert [shell.GetDisplayNode().GetVisibility3D() for shell in shells(scene)] == [1, 1, 1]
    assert not [node for node in nodes_of(scene) if node.IsA("vtkMRMLVolumeRenderingDisplayNode")]


def test_a_map_of_one_slice_and_one_with_holes_are_shown(scene, case) -> None:
    flat = np.zeros((9, 9, 1), np.float32)
    flat[3:6, 3:6] = 1.0
    flat[0, 0] = np.nan
    case.show_heat(Crop((0, 0, 0), STRAIGHT, flat), "flat")
    assert shells(scene)[0].GetPolyData().GetNumberOfPoints() > 0


def test_an_empty_map_is_refused_and_leaves_the_one_before(scene, case) -> None:
    case.show_heat(blob(STRAIGHT), "saliency")
    with pytest.raises(SceneError, match="The map nothing is empty"):
        case.show_heat(Crop((0, 0, 0), STRAIGHT, np.zeros((3, 3, 3))), "nothing")
    assert len(shells(scene)) == 3
