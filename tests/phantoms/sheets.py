"""Contact sheets of the classification phantoms for ``docs/phantoms.md``: one row for each class.

``python -m tests.phantoms.sheets COHORT OUT.png [CASES COLUMNS SIDE]``
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.files import read_volume
from lesionlab.phantoms.cohorts import write_cohort
from lesionlab.store.cases import Case, read_cases

Tile = NDArray[np.uint8]
#: Fewer grey levels make smaller files.
_STEP = 6


def tile(case: Case, side: int) -> Tile:
    """A case as a square picture: a slice of a CT in a lung window, four views side by side, or what lies around the point."""
    from PIL import Image

    values = read_volume(case.image).array
    if values.shape[2] > 4:
        plane = values[20:236, 20:236, int(values.shape[2] * 0.6)].T.astype(float)
        picture = np.clip((plane + 1150) / 1450, 0, 1) * 255
    elif values.shape[2] == 4:
        picture = np.block([[values[:, :, 0].T, values[:, :, 1].T], [values[:, :, 2].T, values[:, :, 3].T]])
    elif case.point_mm is not None and case.size_mm is None:
        x, y = (round(-c) for c in case.point_mm[:2])
        picture = np.pad(values[:, :, 0].T, 96)[y : y + 192, x : x + 192]
    else:
        picture = values[:, :, 0].T
    shown = Image.fromarray(picture.astype(np.uint8)).resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(shown)


def sheet(cases: tuple[Case, ...], columns: int, side: int) -> Tile:
    """Rows of classes by name, ``columns`` cases each."""
    rows = []
    for label in sorted({case.label for case in cases}):
        tiles = [tile(case, side) for case in cases if case.label == label][:columns]
        rows.append(np.hstack([np.pad(t, 1) for t in tiles]))
    return np.vstack(rows)


def main() -> None:
    from PIL import Image

    name, out = sys.argv[1], Path(sys.argv[2])
    count, columns, side = (int(x) for x in sys.argv[3:6]) if len(sys.argv) > 5 else (16, 4, 180)
    with tempfile.TemporaryDirectory() as folder:
        write_cohort(name, Path(folder), count, np.random.default_rng(5), None)
        picture = sheet(read_cases(Path(folder)), columns, side)
    Image.fromarray(picture // _STEP * _STEP).save(out, optimize=True)


if __name__ == "__main__":
    main()
