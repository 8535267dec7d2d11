"""LesionLab: cheap marks of radiologists become lesion masks, detectors, classifiers and explanations."""

__version__ = "0.1.0"
