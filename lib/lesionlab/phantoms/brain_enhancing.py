"""What enhances in a head and is no metastasis: dura, sinuses, veins, arteries, choroid plexus, pituitary, mucosa."""

from __future__ import annotations

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.phantoms.brain_tissue import BRAIN_MM, Array, Head, Levels, ball, egg, waves
from lesionlab.phantoms.canvas import Canvas, Cone, tube
from lesionlab.phantoms.vessels_tree import grow_vessels

#: The middle of the circle of Willis in the head.
_CIRCLE_MM = np.array([0.0, 10.0, -24.0])


def paint_enhancing(head: Head, levels: Levels, rng: np.random.Generator) -> None:
    """Paint over the brain; vessels only as bright as ``levels.blood`` says (dark where it flows out of the slice's echo)."""
    membranes, plexus, flow = rng.spawn(3)
    _paint_dura(head, membranes)
    _paint_plexus(head, plexus)
    r, a, s = head.r, head.a, head.s
    head.paint(head.fine(ball(r, a, s, (0, 16, -36), (5, 4, 4))), 0.9)  # pituitary
    mucosa = np.maximum(
        np.abs(waves(membranes, r, a, s, 16.0)) * 5 - 1.0, np.maximum(s + 44 - 0.3 * (a - 10), head.skin + 12)
    )
    head.paint(head.fine(np.maximum(mucosa, 12 - a)), 0.8)
    _paint_vessels(head, levels, flow)


def _paint_dura(head: Head, rng: np.random.Generator) -> None:
    r, a, s = head.r, head.a, head.s
    level = float(rng.uniform(0.5, 0.8))
    head.paint(np.abs(head.fine(head.skin) + 13.2) - 0.5, level)
    falx = np.maximum(np.abs(r + 0.7 * waves(rng, r, a, s, 60.0)) - 0.6, np.maximum(-(head.skin + 45), -s - 5))
    head.paint(head.fine(np.maximum(falx, head.skin + 13)), level * 0.9)
    tent = np.maximum(np.abs(s + 18 + 0.35 * np.abs(r)) - 0.7, np.maximum(a + 22, head.skin + 13))
    head.paint(head.fine(tent), level * 0.9)


def _paint_plexus(head: Head, rng: np.random.Generator) -> None:
    """Knotty tissue in the atria of the lateral ventricles, and a little along their floor."""
    knots = waves(rng, head.r, head.a, head.s, 8.0)
    for side in (-1.0, 1.0):
        half = float(rng.uniform(2.5, 5.0))
        glomus = ball(
            head.r, head.a, head.s, (side * float(rng.uniform(19, 24)), -36, 4), (half, half * 1.4, half * 1.4)
        )
        head.paint(head.fine(glomus + 1.2 * knots), float(rng.uniform(0.75, 1.0)))
        for cone in tube([(side * 20, -30, 6), (side * 11, -14, 9), (side * 6, 2, 8)], [1.4, 1.1, 0.7]):
            head.canvas.raise_to(cone, 0.8, 0.0)


def _paint_vessels(head: Head, levels: Levels, rng: np.random.Generator) -> None:
    """Arteries, sinuses and cortical veins, drawn apart and then laid over the head."""
    apart = Canvas(head.canvas.axes, np.zeros(head.canvas.axes.shape, dtype=np.float32), head.canvas.edge_mm)
    tree = grow_vessels(rng, np.eye(3), 60.0)
    for cone, _ in tree.cones:
        start, end = (_point(np.asarray(p) + _CIRCLE_MM) for p in (cone.start_mm, cone.end_mm))
        apart.raise_to(Cone(start, end, cone.start_radius_mm, cone.end_radius_mm), 1.0, 0.0)
    for cone in (*_sinuses(head, rng), *_veins(head, rng)):
        apart.raise_to(cone, 1.0, 0.0)
    within = head.canvas.cover(head.fine(head.skin) + 8)
    share = np.clip(apart.hu, 0, 1) * within
    head.canvas.hu[...] += share * (np.float32(levels.blood) - head.canvas.hu)


def _sinuses(head: Head, rng: np.random.Generator) -> list[Cone]:
    """Superior sagittal, straight, transverse and sigmoid."""
    angles = np.linspace(0.25 * np.pi, 1.13 * np.pi, 12)
    top = [_surface(head, np.array([0.0, np.cos(t), np.sin(t)]), BRAIN_MM - 0.5) for t in angles]
    cones = tube(top, list(np.linspace(1.0, 3.4, 12)))
    meet = top[-1]
    cones += tube([(0, -36, 4), (0, -56, -8), meet], [2.0, 2.4, 3.0])
    large = 1.0 if rng.random() < 0.6 else -1.0
    for side in (-1.0, 1.0):
        width = 4.0 if side == large else float(rng.uniform(1.6, 3.6))
        turns = [_surface(head, np.array([side * x, y, z]), BRAIN_MM) for x, y, z in _TRANSVERSE]
        cones += tube([meet, *turns], [width * 0.9, width, width, width, width * 0.9])
    return cones


#: Directions from the middle of the head along the right transverse and sigmoid sinus.
_TRANSVERSE = ((0.5, -0.85, -0.35), (0.8, -0.5, -0.42), (0.75, -0.3, -0.62), (0.5, -0.22, -0.85))


def _veins(head: Head, rng: np.random.Generator) -> list[Cone]:
    """Cortical veins that run over the brain to the middle, and dips of them into sulci: dots and short lines on a slice."""
    cones: list[Cone] = []
    for _ in range(int(rng.integers(22, 36))):
        side, turn = float(rng.choice([-1.0, 1.0])), float(rng.uniform(0.1, 0.95)) * np.pi
        path, radii = [], []
        for along in np.linspace(0.12, float(rng.uniform(0.7, 1.5)), 7):
            turn += float(rng.normal(0, 0.07))
            way = np.array([side * np.sin(along), np.cos(turn) * np.cos(along), np.sin(turn) * np.cos(along)])
            path.append(_surface(head, way, BRAIN_MM + float(rng.uniform(-1, 5))))
            radii.append(float(rng.uniform(0.5, 1.2)))
        cones += tube(path, radii, steps=4)
    for _ in range(int(rng.integers(30, 60))):
        way = rng.normal(size=3)
        way[2] = abs(way[2]) - 0.3
        start, end = (
            _surface(head, way, BRAIN_MM),
            _surface(head, way + rng.normal(0, 0.08, 3), float(rng.uniform(24, 48))),
        )
        radius = float(rng.uniform(0.35, 0.9))
        middle = _point((np.asarray(start) + end) / 2 + rng.normal(0, 2.5, 3))
        cones += tube([start, middle, end], [radius, radius * 0.9, radius * 0.5], steps=3)
    return cones


def _surface(head: Head, way: Array, depth_mm: float) -> Point:
    """The point ``depth_mm`` below the skin in a direction from the middle of the head."""
    way = np.asarray(way) / np.linalg.norm(way)
    center = np.array([0.0, -6.0, 0.0])
    far = np.linspace(20, 130, 111)
    points = center + far[:, None] * way
    inside = egg(points[:, 0], points[:, 1], points[:, 2], head.size) < -depth_mm
    return _point(points[max(int(inside.sum()) - 1, 0)])


def _point(values: Array) -> Point:
    r, a, s = (float(v) for v in values)
    return r, a, s
