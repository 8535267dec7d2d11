"""Arteries of the circle of Willis and what grows from them, RAS mm around the circle's middle.

Courses and calibres follow the usual anatomy; each patient bends, lacks and doubles some of them. Names are the usual ones:
ICA, MCA, ACA, PCA, basilar, vertebral, communicating (com) arteries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Cone, tube
from lesionlab.phantoms.vessels_course import Growing, Origin, Points, as_point, vessel

#: Arteries thinner than this do not show.
_THINNEST_MM = 0.32
#: The course of the internal carotid on the right side, upwards.
_SIPHON = (
    (22, -14, -44),
    (23, -10, -33),
    (20, -4, -27),
    (14, 0, -23),
    (11.5, 8, -19),
    (12, 14, -13),
    (12, 11, -7),
    (11.5, 6, -3.5),
    (12.5, 4, 3),
)


@dataclass(frozen=True)
class Tree:
    """Segments with how bright their blood is (1: fast arterial flow), and where aneurysms may grow."""

    cones: tuple[tuple[Cone, float], ...]
    origins: tuple[Origin, ...]


def grow_vessels(rng: np.random.Generator, turn: Points, reach_mm: float = 75.0) -> Tree:
    """All vessels of one patient, the head turned by a rotation matrix."""
    out = Growing()
    waves = float(rng.uniform(0.3, 1.6))
    ends = _circle(rng, out, waves)
    for side in (-1.0, 1.0):
        _carotid(rng, out, side, waves)
    for end, heading, radius, pull in ends:
        _branch(rng, out, end, heading, radius, pull, waves, reach_mm, depth=0)
    _veins(rng, out)
    return _turned(out, turn)


def _circle(rng: np.random.Generator, out: Growing, waves: float) -> list[tuple[Points, Points, float, Points]]:
    """Basilar, the circle itself and its main branches; returns where they go on: end, heading, radius, pull."""

    def near(r: float, a: float, s: float, spread: float = 1.2) -> tuple[float, float, float]:
        moved = np.array([r, a, s]) + rng.normal(0, spread, 3)
        return float(moved[0]), float(moved[1]), float(moved[2])

    ends: list[tuple[Points, Points, float, Points]] = []
    tip, join = near(0, -8, -2), near(0, -14, -24)
    basilar = float(rng.uniform(1.3, 1.9))
    vessel(rng, out, [join, near(0, -11, -14), tip], [basilar * 1.05, basilar, basilar * 0.9], waves)
    _origin(out, tip, (0, 0.2, 1), basilar, 1.2)
    strong = 1.0 if rng.random() < 0.5 else -1.0
    joined = near(0, 13, 5, 0.8)
    for side in (-1.0, 1.0):
        vertebral = basilar * (0.8 if side == strong else float(rng.uniform(0.35, 0.8)))
        low = near(side * 13, -24, -42, 2)
        vessel(rng, out, [low, near(side * 8, -18, -32), join], [vertebral] * 3, waves * 1.3)
        fetal = rng.random() < 0.15
        p1 = 0.55 if fetal else float(rng.uniform(0.95, 1.3))
        bend, back = near(side * 10, -12, -1), near(side * 18, -24, 3)
        vessel(rng, out, [tip, bend], [p1, p1], waves)
        p2 = float(rng.uniform(0.9, 1.2))
        vessel(rng, out, [bend, near(side * 17, -16, 1), back], [p2, p2, p2 * 0.9], waves)
        ends.append((np.asarray(back), np.array([-0.2 * side, -1.0, 0.25]), p2 * 0.9, np.array([side * 14.0, -60, 14])))
        vessel(rng, out, [tip, near(side * 14, -16, -5), near(side * 20, -30, -3)], [0.7, 0.6, 0.45], waves)
        top = np.array([side * 12.5, 4.0, 3.0])
        com = near(side * 11.5, 4, -1.5, 0.6)
        if fetal or rng.random() < 0.6:
            width = p2 if fetal else float(rng.uniform(0.4, 0.8))
            _communicating(rng, out, com, bend, width)
        _origin(out, com, (0.3 * side, -1, -0.3), 1.8, 2.0)
        m1, a1 = float(rng.uniform(1.1, 1.5)), float(rng.uniform(0.5, 1.2))
        fork = near(side * 33, 5, 4, 2.0)
        vessel(rng, out, [as_point(top), near(side * 22, 5, 5, 1.5), fork], [m1 * 1.05, m1, m1 * 0.95], waves)
        _origin(out, as_point(top), (0.1 * side, 0, 1), 1.7, 0.8)
        _origin(out, fork, (side, 0, 0.1), m1, 2.5)
        for up in (1.0, -0.4):
            ends.append(
                (
                    np.asarray(fork),
                    np.array([side, -0.3, up]),
                    m1 * float(rng.uniform(0.6, 0.85)),
                    np.array([side * 52, -25.0, 28 * up]),
                )
            )
        corner = np.asarray(joined) + np.array([side * 1.8, 0, 0])
        vessel(rng, out, [as_point(top), near(side * 7, 10, 5), as_point(corner)], [a1, a1, a1], waves)
        a2 = float(rng.uniform(0.8, 1.1))
        ends.append((corner, np.array([0.02 * side, 0.8, 0.7]), a2, np.array([side * 2.0, 30.0, 35])))
    vessel(
        rng,
        out,
        [as_point(np.asarray(joined) + np.array([-1.8, 0, 0])), as_point(np.asarray(joined) + np.array([1.8, 0, 0]))],
        [0.8, 0.8],
        0,
    )
    _origin(out, joined, (0, 0.9, 0.3), 0.9, 2.5)
    return ends


def _communicating(
    rng: np.random.Generator,
    out: Growing,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radius: float,
) -> None:
    """A posterior communicating artery; a third have an infundibulum: a funnel at the origin that is no aneurysm."""
    if rng.random() < 0.35:
        way = np.asarray(end) - np.asarray(start)
        apex = np.asarray(start) + way / np.linalg.norm(way) * float(rng.uniform(2.2, 3.4))
        out.cones.append((Cone(start, as_point(apex), float(rng.uniform(1.1, 1.5)), radius), 1.0))
    vessel(rng, out, [start, end], [radius, radius], 0.8)


def _carotid(rng: np.random.Generator, out: Growing, side: float, waves: float) -> None:
    """The siphon: petrous, cavernous and terminal parts, with ophthalmic and choroidal arteries."""
    course = np.array(_SIPHON, dtype=float) * np.array([side, 1, 1])
    course[1:-2] += rng.normal(0, 1.3, course[1:-2].shape)
    radius = float(rng.uniform(1.8, 2.4))
    points = [as_point(p) for p in course]
    out.cones += [
        (cone, _siphon_signal(rng, cone))
        for cone in tube(points, [radius * c for c in (1, 1, 1, 1, 0.97, 0.95, 0.9, 0.85, 0.78)])
    ]
    genu = course[6]
    _origin(out, as_point(genu + np.array([-0.4 * side, 0, 0.9]) * radius), (-0.3 * side, 0.2, 1), radius, 1.5)
    _origin(out, as_point(course[5] + np.array([0, 0.9, 0]) * radius), (0, 1, 0.2), radius, 0.5)
    _origin(out, as_point(course[4] + np.array([-0.9 * side, 0, 0]) * radius), (-side, 0, 0), radius, 0.5)
    vessel(
        rng,
        out,
        [as_point(genu), as_point(genu + np.array([side * 3, 12, -1])), as_point(genu + np.array([side * 7, 30, -2]))],
        [0.55, 0.5, 0.45],
        waves,
    )
    start = course[7] + np.array([0, -1.2, 2.0])
    if rng.random() < 0.3:
        out.cones.append((Cone(as_point(start), as_point(start + np.array([side * 0.5, -2.6, 0.6])), 1.1, 0.35), 1.0))
    vessel(
        rng,
        out,
        [
            as_point(start),
            as_point(start + np.array([side * 3.0, -12, 4])),
            as_point(start + np.array([side * 8.0, -20, 8])),
        ],
        [0.4, 0.36, 0.33],
        waves,
    )


def _siphon_signal(rng: np.random.Generator, cone: Cone) -> float:
    """Turbulence in the front bend takes signal away."""
    return float(rng.uniform(0.6, 0.95)) if -20 < cone.start_mm[2] < -8 else 1.0


def _branch(
    rng: np.random.Generator,
    out: Growing,
    start: Points,
    heading: Points,
    radius: float,
    pull: Points,
    waves: float,
    reach_mm: float,
    depth: int,
) -> None:
    """One artery to its next fork, and on from there until it is too thin or out of reach."""
    if depth > 5 or radius < _THINNEST_MM or np.linalg.norm(start) > reach_mm:
        return
    length = float(rng.uniform(9, 20)) * (0.9**depth)
    goal = pull + rng.normal(0, 14, 3)
    to_goal = (goal - start) / max(float(np.linalg.norm(goal - start)), 1.0)
    way = heading / np.linalg.norm(heading) + 0.8 * to_goal + rng.normal(0, 0.35, 3)
    way /= np.linalg.norm(way)
    end = start + way * length
    course = vessel(
        rng,
        out,
        [as_point(start), as_point((start + end) / 2 + rng.normal(0, 0.12 * length, 3)), as_point(end)],
        [radius, radius, radius * 0.92],
        waves,
    )
    last = course[-1] - course[-2]
    last /= np.linalg.norm(last)
    if radius > 0.6:
        _origin(out, as_point(end), as_point(last), radius, 0.5)
    share = float(rng.uniform(0.25, 0.5))
    aside = np.cross(last, rng.normal(size=3))
    aside /= max(float(np.linalg.norm(aside)), 1e-6)
    for part, sign in ((1 - share, -1.0), (share, 1.0)):
        _branch(
            rng,
            out,
            end,
            last + sign * aside * (0.5 + part),
            radius * part ** (1 / 2.7) * 0.97,
            pull,
            waves,
            reach_mm,
            depth + 1,
        )


def _veins(rng: np.random.Generator, out: Growing) -> None:
    """Veins and sinuses, weak where their blood is saturated; touching and crossing arteries as they like."""
    for side in (-1.0, 1.0):
        basal = [(side * 14, 6, 0), (side * 19, -8, 3), (side * 14, -26, 10), (side * 3, -38, 16)]
        vessel(rng, out, basal, [0.7, 0.8, 0.9, 1.1], 1.0, float(rng.uniform(0.15, 0.5)))
        cavernous = [(side * 12, 16, -16), (side * 15, 6, -19), (side * 13, -8, -22)]
        vessel(rng, out, cavernous, [1.5, 2.2, 1.4], 0.5, float(rng.uniform(0.1, 0.55)))
        for _ in range(3):
            start = np.array([side * rng.uniform(28, 55), rng.uniform(-30, 25), rng.uniform(-20, 25)])
            end = start + rng.normal(0, 14, 3)
            vessel(rng, out, [as_point(start), as_point(end)], [0.8, 0.9], 1.2, float(rng.uniform(0.15, 0.55)))
    galen = [(0, -36, 16), (0, -46, 16), (0, -58, 8)]
    vessel(rng, out, galen, [1.4, 1.8, 2.2], 0.3, float(rng.uniform(0.15, 0.6)))


def _origin(
    out: Growing, point: tuple[float, float, float], outward: tuple[float, float, float], radius: float, weight: float
) -> None:
    way = np.asarray(outward, dtype=float)
    out.origins.append(Origin(point, as_point(way / np.linalg.norm(way)), radius, weight))


def _turned(out: Growing, turn: Points) -> Tree:
    def of(p: Point) -> Point:
        return as_point(turn @ np.asarray(p))

    cones = tuple((Cone(of(c.start_mm), of(c.end_mm), c.start_radius_mm, c.end_radius_mm), s) for c, s in out.cones)
    origins = tuple(Origin(of(o.point_mm), of(o.outward), o.radius_mm, o.weight) for o in out.origins)
    return Tree(cones, origins)
