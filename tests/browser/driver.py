"""The workbench as `lesionlab workbench` starts it, and a trigger by which the tests see what is behind the page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from trame_server import Server

from browser.__main__ import main
from browser.plane import pixel_at
from browser.workbench import Workbench
from LesionLabLib.scene import VolumeRef


class Probe:
    """What the tests may ask; nothing here is part of the workbench."""

    def __init__(self, workbench: Workbench) -> None:
        self.bench = workbench
        self.drawn = {view.get_singleton_tag(): 0 for view in (*workbench.views.slices, workbench.views.three_d)}
        for view in (*workbench.views.slices, workbench.views.three_d):
            view.render_window().AddObserver("EndEvent", self._count(view.get_singleton_tag()))

    def _count(self, tag: str) -> Callable[..., None]:
        def one_more(*_: object) -> None:
            self.drawn[tag] += 1

        return one_more

    def state(self) -> dict[str, Any]:
        now = self.bench.workflow.state
        lesions = [
            {
                key: getattr(lesion, key)
                for key in ("id", "name", "point_mm", "size_mm", "status", "diameter_mm", "frozen")
            }
            | {"exclude_mm": list(lesion.exclude_mm), "shape": lesion.shape}
            for lesion in now.lesions
        ]
        return {
            "connection": now.connection.status,
            "case": now.case.name if now.case else "",
            "unsaved": bool(now.case and now.case.unsaved),
            "lesions": lesions,
            "selected": now.selected,
            "heats": list(now.heats),
            "heat": now.heat.visible,
            "notice": now.notice.text if now.notice else "",
            "busy": len(now.activities),
        }

    def aim(self, tag: str, point_mm: list[float], width_mm: float) -> list[float]:
        """Put the point in the middle of the view, at a zoom; answers with its pixel (from the top left) and depth."""
        view = self.bench.views.view(tag)
        node = view.get_view_node()
        self.bench.views.jump(point_mm)
        if width_mm:
            columns, rows, _ = node.GetDimensions()
            node.SetFieldOfView(width_mm, width_mm * rows / columns, node.GetFieldOfView()[2])
            node.JumpSliceByCentering(*point_mm)
        (x, y), depth_mm = pixel_at(node, tuple(point_mm))
        return [x, view.render_window().GetSize()[1] - 1 - y, depth_mm]

    def voxels_apart(self, a: list[float], b: list[float]) -> list[float]:
        """How far two points are from each other along the image's own axes, in voxels."""
        case = self.bench.workflow.state.case
        assert case is not None
        _, affine = self.bench.scene.volume_geometry(VolumeRef(case.volume_id, case.name))
        return [float(x) for x in np.abs(np.linalg.solve(affine[:3, :3], np.subtract(a, b)))]

    def save_labelmap(self, path: str) -> None:
        np.save(path, self.bench.scene.labelmap()[0])

    def slice_offset(self, tag: str) -> float:
        return float(self.bench.views.view(tag).get_slice_value())

    def window_level(self) -> list[float]:
        return list(self.bench.actions.window_level() or ())

    def renders(self) -> dict[str, int]:
        return dict(self.drawn)


def prepare(server: Server, workbench: Workbench) -> None:
    probe = Probe(workbench)

    @server.trigger("probe")
    def _(name: str, *args: Any) -> Any:
        return getattr(probe, name)(*args)


if __name__ == "__main__":
    sys.exit(main(prepare))
