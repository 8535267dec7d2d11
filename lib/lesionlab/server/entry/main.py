"""MONAI Label executes this file to find the app class."""

from lesionlab.server.app import LesionLabApp

__all__ = ["LesionLabApp"]
