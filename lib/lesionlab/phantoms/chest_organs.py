"""Heart, great vessels, airways and what else lies between the lungs and below them, as simple shapes in RAS mm."""

from __future__ import annotations

from functools import cache

import numpy as np

from lesionlab.image.geometry import Point
from lesionlab.phantoms.canvas import Axes, Cone, Ellipsoid, Field, Shape, tube

_BLOOD = 175.0
_MUSCLE = 95.0
#: The heart's own axes in RAS: to the apex (left, forwards, down), across, and the rest.
_TILT: tuple[Point, Point, Point] = ((-0.73, 0.52, -0.445), (0.58, 0.815, 0.0), (0.363, -0.258, -0.895))

#: Where vessels and airways enter the lungs: right, left.
ARTERY_HILUM: tuple[Point, Point] = ((48.0, -16.0, -2.0), (-48.0, -24.0, 6.0))
AIRWAY_HILUM: tuple[Point, Point] = ((40.0, -32.0, -2.0), (-44.0, -34.0, -2.0))
VEIN_HILUM: tuple[Point, Point] = ((44.0, -22.0, -24.0), (-44.0, -26.0, -22.0))


@cache
def heart() -> tuple[tuple[Shape, float], ...]:
    """Outer wall first, then the chambers, with HU."""
    return (
        (Ellipsoid((-16.0, 18.0, -44.0), (64.0, 47.0, 47.0), _TILT), _MUSCLE),
        (Ellipsoid((-2.0, -20.0, -20.0), (33.0, 19.0, 22.0)), _BLOOD),
        (Ellipsoid((30.0, 14.0, -36.0), (21.0, 25.0, 31.0)), _BLOOD + 10),
        (Ellipsoid((2.0, 36.0, -40.0), (37.0, 17.0, 30.0), _TILT), _BLOOD + 10),
        (Ellipsoid((-32.0, 16.0, -50.0), (36.0, 18.0, 22.0), _TILT), _BLOOD),
    )


@cache
def vessels() -> tuple[tuple[Cone, float], ...]:
    """Great vessels and the oesophagus, with HU."""

    def of(points: list[Point], radii: list[float], hu: float = _BLOOD) -> list[tuple[Cone, float]]:
        return [(part, hu) for part in tube(points, radii)]

    return tuple(
        of(
            [
                (-4, 8, -30),
                (4, 20, -8),
                (11, 22, 18),
                (6, 16, 40),
                (-6, 0, 50),
                (-17, -22, 47),
                (-22, -40, 34),
                (-23, -46, 5),
                (-21, -47, -50),
                (-12, -44, -110),
                (-6, -42, -160),
            ],
            [14, 15, 15, 14.5, 13.5, 13, 12.5, 12, 12, 11.5, 11],
        )
        + of(
            [(-14, 34, -26), (-20, 26, 2), (-20, 12, 14), (-34, -8, 14), ARTERY_HILUM[1]], [13, 14, 13, 11, 8.5], 195.0
        )
        + of([(-18, 14, 12), (0, 0, 6), (20, -6, 3), ARTERY_HILUM[0]], [11, 10.5, 10, 8.5], 195.0)
        + of([(27, 12, 80), (27, 12, 40), (29, 10, 0), (30, 10, -24)], [8, 9, 9, 10], 215.0)
        + of([(27, 13, 72), (4, 26, 70), (-26, 18, 88), (-60, 8, 112)], [7, 6.5, 6.5, 6], 160.0)
        + of([(27, 12, 76), (38, 10, 100), (62, 6, 118)], [7, 6, 6], 215.0)
        + of([(4, 12, 48), (14, 8, 78), (24, 2, 112), (34, 0, 160)], [7, 6.5, 5.5, 4.5])
        + of([(-6, 2, 52), (-13, 2, 90), (-24, 2, 160)], [5, 4, 3.8])
        + of([(-14, -14, 52), (-24, -16, 92), (-46, -8, 116), (-90, 0, 122)], [5.5, 5, 5, 4.5])
        + of([(-2, -32, 160), (-6, -36, 60), (-7, -40, 10), (-8, -34, -60), (-14, -26, -120)], [6, 6.5, 7, 7, 8], 48.0)
        + of([(28, 4, -58), (26, -10, -90), (24, -14, -160)], [12, 12, 11], 120.0)
        + of([(9, -48, 30), (8, -50, -50), (7, -50, -160)], [4, 3.5, 3], 140.0)
        + of([(-24, -20, -20), VEIN_HILUM[1]], [8, 6])
        + of([(22, -18, -22), VEIN_HILUM[0]], [8, 6])
        + of([(-26, -14, -10), (-46, -4, 8)], [7, 5.5])
        + of([(22, -12, -8), (42, 0, 4)], [7, 5.5])
    )


@cache
def airways() -> tuple[Cone, ...]:
    """Trachea and main bronchi, lumen only."""
    return tuple(
        tube([(1, -8, 170), (0, -14, 90), (2, -24, 34)], [8.5, 8.5, 9])
        + tube([(2, -24, 34), (20, -30, 14), AIRWAY_HILUM[0]], [8.5, 7.5, 6])
        + tube([(2, -24, 34), (-20, -30, 14), AIRWAY_HILUM[1]], [8, 6.5, 5.5])
    )


@cache
def clavicles() -> tuple[Cone, ...]:
    """Both collar bones."""
    return tuple(
        part
        for side in (-1, 1)
        for part in tube(
            [(side * 20, 50, 94), (side * 55, 44, 106), (side * 105, 6, 124), (side * 150, -8, 128)], [7, 5, 5, 6]
        )
    )


@cache
def upper_belly() -> tuple[tuple[Ellipsoid, float], ...]:
    """Liver, spleen and stomach, with HU; painted only below the diaphragm."""
    return (
        (Ellipsoid((62.0, 8.0, -128.0), (92.0, 88.0, 78.0)), 112.0),
        (Ellipsoid((-88.0, -42.0, -128.0), (36.0, 48.0, 46.0)), 125.0),
        (Ellipsoid((-62.0, 30.0, -124.0), (50.0, 42.0, 46.0)), 32.0),
        (Ellipsoid((-60.0, 54.0, -118.0), (36.0, 16.0, 34.0)), -960.0),
    )


def mediastinum(axes: Axes, uneven: Field) -> Field:
    """Signed distance (mm) to the space between the lungs: organs wrapped in fat, drawn together smoothly."""
    width = 5.0
    total = np.zeros(uneven.shape, dtype=np.float32)
    wall = np.abs(axes.r + 4) - np.interp(axes.a, [-80, -40, 0, 60, 80], [8, 12, 10, 7, 22]).astype(np.float32)
    total += np.exp(np.clip(-wall / width, -30, 12))
    shapes: list[tuple[Shape, float]] = [(heart()[0][0], 1.5), (heart()[2][0], 1.0), *((v, 0.5) for v, _ in vessels())]
    shapes += [(part, 2.0) for part in airways()]
    for shape, margin in shapes:
        box = axes.within(*shape.bounds(margin + 3 * width))
        if box is None:
            continue
        # Many short pieces make one tube: each counts for part of it, or their sum would swell.
        share = 1.0 if isinstance(shape, Ellipsoid) else 0.4
        distance = shape.distance(axes.part(box)) - margin
        total[box] += np.float32(share) * np.exp(np.clip(-distance / width, -30, 12))
    return np.asarray(-width * np.log(total + np.float32(1e-9)) + uneven * np.float32(1.5))
