"""Measurements that need real cases or another program beside LesionLab. Run from the root of the repository."""
