from __future__ import annotations

from collections.abc import Iterator

import pytest

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed: the tests of the scene need its MRML")

from LesionLabLib.scene import CaseScene  # noqa: E402
from tests.extension.scene.parts import add_volume, new_scene, nodes_of, ramp  # noqa: E402


@pytest.fixture
def scene():
    return new_scene()


@pytest.fixture
def case(scene) -> Iterator[CaseScene]:
    opened = CaseScene(scene)
    yield opened
    opened.close()


@pytest.fixture
def open_case(scene, case):
    """Open a volume of 20 x 24 x 10 voxels with a given affine; gives the case back."""

    def open_it(affine, shape=(20, 24, 10)) -> CaseScene:
        case.volume_from_node(add_volume(scene, ramp(shape), affine).GetID())
        return case

    return open_it


@pytest.fixture(scope="session")
def whole_app():
    return pytest.importorskip("trame_slicer.core", reason="trame-slicer is not installed").SlicerApp()


@pytest.fixture
def app(whole_app) -> Iterator[object]:
    """A whole Slicer without a window: logics, displayable managers. What a test adds to its scene is removed again."""
    before = {node.GetID() for node in nodes_of(whole_app.scene)}
    yield whole_app
    for node in nodes_of(whole_app.scene):
        if node.GetID() not in before and whole_app.scene.IsNodePresent(node):
            whole_app.scene.RemoveNode(node)
