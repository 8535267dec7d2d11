"""Images, marks, masks and heat maps in an MRML scene. No Qt and no HTTP; every call is made on the main thread."""

from .case_scene import CaseScene
from .errors import SceneError
from .values import Mark, MaskState, Region, SceneSnapshot, VolumeRef

__all__ = ["CaseScene", "Mark", "MaskState", "Region", "SceneError", "SceneSnapshot", "VolumeRef"]
