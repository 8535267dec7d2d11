"""The module's own checks, one test each, for ``ctest`` in a build of the extension. They run inside Slicer only."""

import unittest

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from LesionLabLib.panel import selftest


class LesionLabWindowTest(ScriptedLoadableModuleTest):
    """What a reader meets first, in a real Slicer."""

    def setUp(self) -> None:
        """Start with an empty scene."""
        slicer.mrmlScene.Clear()

    def test_window_opens_without_dead_buttons(self) -> None:
        """All buttons that can do nothing say why."""
        selftest.check_window()

    def test_missing_server_is_said_plainly(self) -> None:
        """Nothing hangs."""
        selftest.check_no_server()

    def test_click_becomes_a_point(self) -> None:
        """The helper node is gone afterwards."""
        selftest.check_click()

    def test_scene_is_read_and_written(self) -> None:
        """Geometry is kept."""
        selftest.check_scene()


if __name__ == "__main__":
    unittest.main()
