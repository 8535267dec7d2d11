"""The simulated cohorts by name: a task's YAML names the one that shows its lesions."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lesionlab.errors import ConfigError
from lesionlab.task import nearest

#: Name -> module with ``write_cohort(out, cases, rng, shift)``.
COHORTS = MappingProxyType(
    {
        "brain": "lesionlab.phantoms.brain_cohort",
        "chest": "lesionlab.phantoms.chest_cohort",
        "examination": "lesionlab.phantoms.examination_cohort",
        "mammogram": "lesionlab.phantoms.mammogram_cohort",
        "mammogram_patches": "lesionlab.phantoms.mammogram_patches_cohort",
        "nodules": "lesionlab.phantoms.nodule_cohort",
        "postmortem": "lesionlab.phantoms.postmortem_cohort",
        "radiograph": "lesionlab.phantoms.radiograph_cohort",
        "stomach": "lesionlab.phantoms.stomach_cohort",
        "subtype": "lesionlab.phantoms.subtype_cohort",
        "ultrasound": "lesionlab.phantoms.ultrasound_cohort",
        "vessels": "lesionlab.phantoms.vessels_cohort",
    }
)


def write_cohort(name: str, out: Path, cases: int, rng: np.random.Generator, shift: str | None) -> None:
    """Write a cohort as a datastore: images, masks where there are any, ``cases.csv`` with points and sizes.

    Raises:
        ConfigError: there is no such cohort.
    """
    if name not in COHORTS:
        raise ConfigError(
            "there is no such phantom",
            got=name,
            expected=f"one of {', '.join(COHORTS)}",
            hint=nearest(name, list(COHORTS)),
        )
    importlib.import_module(COHORTS[name]).write_cohort(out, cases, rng, shift)
