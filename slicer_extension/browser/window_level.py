"""Window and level: presets, and dragging."""

from __future__ import annotations

from dataclasses import dataclass

from slicer import vtkMRMLScalarVolumeNode
from trame_slicer.core import VolumeWindowLevel

#: Air in Hounsfield units: an image that goes down to it is a CT.
_AIR_HU = -900.0
#: A drag across so many pixels widens the window by its own width.
_PIXELS = 300.0


@dataclass(frozen=True)
class Preset:
    """A window and a level that readers know by name; without them, both are taken from the image."""

    name: str
    window: float | None = None
    level: float | None = None
    ct: bool = True


PRESETS = (
    Preset("Auto", ct=False),
    Preset("Full range", ct=False),
    Preset("Lung", 1500.0, -600.0),
    Preset("Soft tissue", 400.0, 40.0),
    Preset("Bone", 2000.0, 500.0),
    Preset("Brain", 80.0, 40.0),
)


def presets_for(node: vtkMRMLScalarVolumeNode) -> tuple[Preset, ...]:
    """What makes sense for an image: those of CT only where the numbers are Hounsfield units."""
    is_ct = VolumeWindowLevel.get_volume_scalar_range(node)[0] <= _AIR_HU
    return tuple(preset for preset in PRESETS if is_ct or not preset.ct)


def apply_preset(node: vtkMRMLScalarVolumeNode, name: str) -> None:
    """Set a preset; an unknown name means ``Auto``."""
    preset = next((p for p in PRESETS if p.name == name), PRESETS[0])
    if preset.window is not None and preset.level is not None:
        VolumeWindowLevel.set_volume_node_window_level(node, preset.window, preset.level)
    elif preset.name == "Full range":
        VolumeWindowLevel.set_volume_node_display_min_max_range(node, *VolumeWindowLevel.get_volume_scalar_range(node))
    else:
        VolumeWindowLevel.set_volume_node_display_min_max_range(
            node, *VolumeWindowLevel.get_volume_auto_min_max_range(node)
        )


def window_level(node: vtkMRMLScalarVolumeNode) -> tuple[float, float]:
    """The window and level now."""
    display = VolumeWindowLevel.get_volume_display_node(node)
    return display.GetWindow(), display.GetLevel()


def dragged(start: tuple[float, float], right_px: float, up_px: float) -> tuple[float, float]:
    """Window and level after a drag: to the right is wider, downwards is brighter."""
    window, level = start
    step = max(window, 1.0) / _PIXELS
    return max(window + right_px * step, 1e-3 * max(abs(window), 1.0)), level + up_px * step
