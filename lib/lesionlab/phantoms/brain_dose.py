"""A Gamma Knife plan for metastases: shots whose dose falls off all around, and the sum of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesionlab.image.geometry import Point
from lesionlab.image.volume import Volume
from lesionlab.phantoms.canvas import Axes, Field

#: Half the width at half the dose of the 4, 8 and 16 mm collimators, mm.
_COLLIMATORS_MM = (3.0, 5.5, 11.0)
#: The isodose that is prescribed, of the largest dose.
PRESCRIBED = 0.5
_FARTHEST_MM = 70.0
_TRIES = 30
_UID = "1.2.826.0.1.3680043.8.498."


@dataclass(frozen=True)
class Shot:
    """One shot: centre, half the width at half its dose, and its weight."""

    center_mm: Point
    half_mm: float
    weight: float = 1.0

    def dose(self, axes: Axes) -> Field:
        """Its dose (k, j, i), 1 in the middle; 0.5 at ``half_mm`` across and 0.85 of that along the head, and low far away."""
        r, a, s = (x - np.float32(c) for x, c in zip((axes.r, axes.a, axes.s), self.center_mm, strict=True))
        away = np.sqrt(r**2 + a**2 + (s / 0.85) ** 2) / np.float32(self.half_mm)
        return np.asarray(self.weight / (1 + away**4) * (0.97) + 0.03 * self.weight / (1 + away**1.5), dtype=np.float32)


def plan_shots(rng: np.random.Generator, axes: Axes, inside: NDArray[np.bool_]) -> list[Shot]:
    """Shots for one lesion, the region ``inside`` (k, j, i) with its surroundings.

    Of a few dozen plans that a physicist might try, the most conformal one (Paddick 2000) that covers enough; how much is
    enough differs, from 80 to 98 %.
    """
    lattice = np.stack(np.broadcast_arrays(axes.r, axes.a, axes.s), axis=-1).astype(np.float64)
    points, within = lattice.reshape(-1, 3), inside.ravel()
    lesion = points[within]
    middle = lesion.mean(axis=0)
    reach = float(np.quantile(np.linalg.norm(lesion - middle, axis=1), 0.95)) + 0.5
    near = np.linalg.norm(points - middle, axis=1) < 2 * reach + 6
    points, within = points[near][:: 1 + int(near.sum()) // 6000], within[near][:: 1 + int(near.sum()) // 6000]
    wanted = float(rng.uniform(0.80, 0.98))
    best: tuple[float, list[Shot]] = (-1.0, [])
    for _ in range(_TRIES):
        shots = _try(rng, lesion, middle, reach)
        given = np.sum([_at(shot, points) for shot in shots], axis=0) >= PRESCRIBED * _largest(shots)
        hit = float((given & within).sum())
        covered = hit / max(int(within.sum()), 1)
        conformity = covered * hit / max(int(given.sum()), 1)
        score = 1 + conformity if covered >= wanted else covered
        best = max(best, (score, shots), key=lambda plan: plan[0])
    return best[1]


def _try(
    rng: np.random.Generator, lesion: NDArray[np.float64], middle: NDArray[np.float64], reach: float
) -> list[Shot]:
    """One shot, or several well apart from each other, none of them much larger than the lesion."""
    usable = [half for half in _COLLIMATORS_MM if half < 1.3 * reach] or [_COLLIMATORS_MM[0]]
    if reach < 1.2 * _COLLIMATORS_MM[0] or rng.random() < 0.15:
        return [_shot(rng, middle, usable[-1])]
    centers = [middle + float(rng.uniform(0.5, 0.8)) * (lesion[int(rng.integers(len(lesion)))] - middle)]
    for _ in range(int(rng.integers(1, 8))):
        away = np.min([np.linalg.norm(lesion - c, axis=1) for c in centers], axis=0)
        farthest = lesion[int(np.argmax(away))]
        centers.append(middle + float(rng.uniform(0.5, 0.8)) * (farthest - middle))
    return [_shot(rng, c, usable[-1 - int(rng.random() < 0.5 and len(usable) > 1)], 0.6) for c in centers]


def _shot(rng: np.random.Generator, center: NDArray[np.float64], half_mm: float, least: float = 1.0) -> Shot:
    """A shot with a set-up error of 0.4 mm."""
    r, a, s = (float(x) for x in center + rng.normal(0, 0.4, 3))
    return Shot((r, a, s), half_mm, float(rng.uniform(least, 1.0)))


def _at(shot: Shot, points: NDArray[np.float64]) -> NDArray[np.float64]:
    away = (points - np.asarray(shot.center_mm)) / (np.array([1, 1, 0.85]) * shot.half_mm)
    length = np.linalg.norm(away, axis=1)
    return np.asarray(shot.weight * (0.97 / (1 + length**4) + 0.03 / (1 + length**1.5)))


def _largest(shots: list[Shot]) -> float:
    """The largest dose of several shots; it lies near one of their middles."""
    centers = np.array([shot.center_mm for shot in shots])
    between = [(a + b) / 2 for a, b in itertools.combinations(centers, 2)]
    points = np.vstack([centers, *between]) if between else centers
    return float(np.sum([_at(shot, points) for shot in shots], axis=0).max())


def sum_dose(plans: list[list[Shot]], axes: Axes, prescription_gy: float) -> Field:
    """The dose (k, j, i) in Gy of the plans of all lesions, each with ``prescription_gy`` at its 50 % isodose."""
    total = np.zeros(axes.shape, dtype=np.float32)
    for shots in plans:
        scale = prescription_gy / PRESCRIBED / _largest(shots)
        for shot in shots:
            low, high = (tuple(c + sign * _FARTHEST_MM for c in shot.center_mm) for sign in (-1, 1))
            box = axes.within((low[0], low[1], low[2]), (high[0], high[1], high[2]))
            if box is not None:
                total[box] += np.float32(scale) * shot.dose(axes.part(box))
    return total


def write_dose(dose: Volume, path: Path, name: str) -> None:
    """Write a dose in Gy (i, j, k) as DICOM RTDOSE; ``name`` becomes the patient's, and decides the UIDs."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, RTDoseStorage, generate_uid

    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = RTDoseStorage
    instance, study, series, frame = (generate_uid(_UID, [name, part]) for part in ("dose", "study", "series", "frame"))
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = instance
    found.StudyInstanceUID, found.SeriesInstanceUID, found.FrameOfReferenceUID = study, series, frame
    found.PatientID, found.PatientName, found.PatientBirthDate, found.PatientSex = name, name, "", "O"
    found.StudyID, found.StudyDate, found.StudyTime, found.AccessionNumber = "1", "20250101", "120000", ""
    found.ReferringPhysicianName, found.PositionReferenceIndicator = "", ""
    found.Modality, found.Manufacturer, found.SeriesNumber, found.InstanceNumber = "RTDOSE", "LesionLab", 1, 1
    found.DoseUnits, found.DoseType, found.DoseSummationType, found.DoseGridScaling = "GY", "PHYSICAL", "PLAN", 0.001
    affine, (step_i, step_j, step_k) = dose.geometry.affine_lps, dose.geometry.spacing_mm
    unit = affine[:3, :3] / np.array([step_i, step_j, step_k])
    found.PixelSpacing, found.SliceThickness = [step_j, step_i], step_k
    found.ImageOrientationPatient = [round(float(x), 9) for x in (*unit[:, 0], *unit[:, 1])]
    found.ImagePositionPatient = [round(float(x), 6) for x in affine[:3, 3]]
    found.Columns, found.Rows, found.NumberOfFrames = dose.array.shape
    found.FrameIncrementPointer = 0x3004000C
    found.GridFrameOffsetVector = [round(n * step_k, 6) for n in range(dose.array.shape[2])]
    found.SamplesPerPixel, found.PhotometricInterpretation, found.PixelRepresentation = 1, "MONOCHROME2", 0
    found.BitsAllocated, found.BitsStored, found.HighBit = 16, 16, 15
    stored = np.clip(np.rint(dose.array / 0.001), 0, 65535).astype("<u2")
    found.PixelData = np.ascontiguousarray(stored.transpose(2, 1, 0)).tobytes()
    found.save_as(path, enforce_file_format=True)
