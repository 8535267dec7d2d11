"""What the module's Test button checks inside a real Slicer. It needs no server, and sends nothing anywhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import slicer

from LesionLabLib.scene import CaseScene
from LesionLabLib.workflow.state import LOST, NONE

#: An address on this machine where nothing listens: port 9 is the old discard service.
NOBODY = "http://127.0.0.1:9"


def run_all(case) -> None:
    """Run every check for a `ScriptedLoadableModuleTest`, whose ``setUp`` empties the scene before each."""
    for check in (check_window, check_no_server, check_click, check_scene):
        case.setUp()
        case.delayDisplay((check.__doc__ or check.__name__).splitlines()[0])
        check()


def _widget():
    slicer.util.selectModule("LesionLab")
    return slicer.modules.lesionlab.widgetRepresentation().self()


def check_window() -> None:
    """The window opens, with nothing to press that could do nothing."""
    widget = _widget()
    widget.workflow.disconnect()
    ui = slicer.util.childWidgetVariables(widget.layout.parentWidget())
    assert ui.connectButton.enabled
    for button in (ui.runButton, ui.submitButton, ui.placePointButton, ui.startTrainingButton):
        assert not button.enabled
        assert len(button.toolTip.splitlines()) > 1


def check_no_server() -> None:
    """A server that is not there is said plainly, and nothing hangs."""
    workflow = _widget().workflow
    workflow.connect(NOBODY)
    for _attempt in range(100):
        slicer.app.processEvents()
        if workflow.state.connection.status in {NONE, LOST}:
            break
        slicer.util.delayDisplay("Waiting for the answer", 100)
    assert workflow.state.connection.status in {NONE, LOST}
    assert workflow.state.notice or workflow.state.connection.message


def check_click() -> None:
    """A click in a view becomes a point of the workflow, and the helper node is gone afterwards."""
    from .placing import POINT, Placing

    taken = []
    placing = Placing(slicer.mrmlScene, lambda do: do(), lambda *given: taken.append(given), lambda: None)
    before = slicer.mrmlScene.GetNumberOfNodes()
    placing.start(POINT)
    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    helper = slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID())
    helper.AddControlPointWorld(1.0, 2.0, 3.0)
    placing.stop()
    assert taken[0][:2] == (POINT, [(1.0, 2.0, 3.0)])
    assert slicer.mrmlScene.GetNumberOfNodes() == before


def check_scene() -> None:
    """An image of this scene is found with its geometry, and written to a file."""
    import numpy as np

    node = slicer.util.addVolumeFromArray(np.zeros((4, 5, 6), dtype=np.int16), name="LesionLab test")
    scene = CaseScene(slicer.mrmlScene)
    ref = scene.volume_from_node(node.GetID())
    shape, affine = scene.volume_geometry(ref)
    assert tuple(shape) == (6, 5, 4)
    assert affine.shape == (4, 4)
    with tempfile.TemporaryDirectory() as folder:
        scene.write_volume(ref, Path(folder) / "image.nrrd")
        assert (Path(folder) / "image.nrrd").stat().st_size > 0
    scene.close_case()
    scene.close()
