"""Which patients a model of fold f has not seen: five folds of patients, never of images.

Patients were dealt by size within two strata (sarcomas with and without CT), so that every fold holds small and large
lesions and each modality; the three patients with focal lesions lie in three folds. The table is written out, so that
no later case can move a patient to another fold.

``python -m benchmarks.folds FILE`` writes it as JSON (patient -> fold).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import MappingProxyType

from lesionlab.errors import NotFoundError

_PATIENTS: tuple[tuple[str, ...], ...] = (
    ("STS_016", "STS_020", "STS_023", "STS_025", "STS_044", "STS_046", "STS_050"),
    ("STS_003", "STS_004", "STS_009", "STS_011", "STS_022", "STS_045", "STS_051"),
    ("STS_002", "STS_018", "STS_021", "STS_029", "STS_030", "STS_031", "STS_037", "lidc_0001"),
    ("STS_005", "STS_007", "STS_028", "STS_038", "STS_043", "STS_049", "pyrad_brain1"),
    ("STS_012", "STS_013", "STS_015", "STS_026", "STS_027", "STS_048", "pyrad_lung2"),
)

FOLDS = len(_PATIENTS)
FOLD_OF = MappingProxyType({patient: fold for fold, patients in enumerate(_PATIENTS) for patient in patients})


def fold_of(patient: str) -> int:
    """The fold, 0 to 4, in whose validation set the patient lies.

    Raises:
        NotFoundError: when the patient has no fold.
    """
    if patient not in FOLD_OF:
        raise NotFoundError("the patient has no fold", got=patient, expected="a patient of benchmarks/folds.py")
    return FOLD_OF[patient]


def patients_of(fold: int) -> tuple[str, ...]:
    """The validation patients of a fold."""
    return _PATIENTS[fold]


def main() -> None:
    """Write the folds as JSON."""
    parser = argparse.ArgumentParser(description="write the patient-wise folds as JSON (patient -> fold)")
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    file.write_text(json.dumps(dict(sorted(FOLD_OF.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
