"""The LesionLab workbench: the extension's workflow in a browser, on trame-slicer."""
