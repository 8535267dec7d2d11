"""The workflow behind the LesionLab module, without any Qt but in `panel`."""
