"""Draws the pictures of docs/slicer.md: ``QT_QPA_PLATFORM=offscreen python -m tests.extension.desktop.pictures docs/images``.

They show the panel with stand-ins for Slicer's widgets, not Slicer.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.extension.desktop import states
from tests.extension.desktop.standins.application import install

PICTURES = {
    "slicer_lesions": (states.SEVERAL, {"heatSection"}),
    "slicer_candidates": (states.FOUND, set()),
    "slicer_training": (states.TRAINED, {"trainingSection"}),
    "slicer_lost": (states.LOST, set()),
}


def main(folder: Path) -> None:
    """Write one PNG for each of `PICTURES`."""
    install(sys.modules.__setitem__)
    from PySide6.QtGui import QImage

    from tests.extension.desktop.desk import Desk

    for name, (state, unfolded) in PICTURES.items():
        desk = Desk()
        desk.show(states.CONNECTED)
        for section in unfolded:
            getattr(desk.ui, section).native.setCollapsed(False)
        desk.show(state)
        picture = desk.picture().convertToFormat(QImage.Format.Format_RGB888)
        picture.save(str(folder / f"{name}.png"), "PNG", 0)
        desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
