"""The app for ``monailabel start_server --app monailabel_app --studies DIR``."""

from lesionlab.server.app import LesionLabApp

__all__ = ["LesionLabApp"]
