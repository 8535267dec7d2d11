"""What the scene refuses, in words for its user."""

from __future__ import annotations

from LesionLabLib.errors import ExtensionError


class SceneError(ExtensionError):
    """The scene cannot do what was asked: a file that holds no image, a mask of another image, a finished lesion."""
