"""What a server of ours says of itself."""

from __future__ import annotations

INFO = {
    "name": "LesionLab",
    "lesionlab": {"version": "0.1.0", "api": 1},
    "models": {
        "ball": {
            "title": "Balls",
            "kind": "shape",
            "description": "A ball at each click.",
            "modalities": ["CT", "MR"],
            "labels": {"lesion": 1},
            "dimension": 3,
            "version": "v2",
            "config": {"size_mm": 20},
            "request": {"properties": {"point_mm": {"type": "array"}}, "required": ["point_mm"]},
            "explain": {"methods": ["gradcam"], "request": {"properties": {"size_mm": {"type": "number"}}}},
        },
        "bare": {},
    },
    "strategies": {"first": {"description": "..."}, "random": {}},
    "trainers": {"ball": {}},
}
