"""A small oblique CT series, and radiotherapy objects on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTDoseStorage, generate_uid

from lesionlab.image.geometry import Geometry
from tests.weak.lattices import oblique

SHAPE = (20, 16, 6)
GEOMETRY = oblique(SHAPE, (0.8, 0.5, 3.0))


def patient(dataset: Dataset, sop_class: str) -> Dataset:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.PatientName, dataset.PatientBirthDate, dataset.PatientSex = "P1", "Phantom^One", "", "O"
    dataset.StudyID, dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "1", "20250101", "120000", ""
    dataset.ReferringPhysicianName, dataset.PositionReferenceIndicator = "", ""
    return dataset


def place(dataset: Dataset, geometry: Geometry, k: int) -> None:
    affine = geometry.affine_lps
    unit = affine[:3, :3] / np.asarray(geometry.spacing_mm)
    i, j, step = geometry.spacing_mm
    dataset.PixelSpacing, dataset.SliceThickness = [j, i], step
    dataset.ImageOrientationPatient = [round(float(x), 9) for x in (*unit[:, 0], *unit[:, 1])]
    dataset.ImagePositionPatient = [round(float(x), 6) for x in affine[:3, :3] @ (0, 0, k) + affine[:3, 3]]


def ct_series(geometry: Geometry = GEOMETRY, pixels: np.ndarray | None = None) -> list[Dataset]:
    """The slices of a CT, index k in InstanceNumber - 1."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    columns, rows, count = geometry.shape
    stored = np.zeros(geometry.shape, np.uint16) if pixels is None else pixels
    found = []
    for k in range(count):
        header = patient(Dataset(), CTImageStorage)
        header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = study, series, frame
        header.Modality, header.SeriesNumber, header.InstanceNumber = "CT", 1, k + 1
        header.Manufacturer = "Phantom"
        header.Rows, header.Columns = rows, columns
        place(header, geometry, k)
        header.SamplesPerPixel, header.PhotometricInterpretation, header.PixelRepresentation = 1, "MONOCHROME2", 0
        header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
        header.RescaleSlope, header.RescaleIntercept = 1, -1024
        header.PixelData = np.ascontiguousarray(stored[:, :, k].T).tobytes()
        found.append(header)
    return found


def save_series(folder: Path, series: list[Dataset]) -> Path:
    """The slices as files whose names do not follow their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, header in zip(np.random.default_rng(2).permutation(len(series)), series, strict=True):
        header.save_as(folder / f"{name:03}.dcm", enforce_file_format=True)
    return folder


def dose(gray: np.ndarray, geometry: Geometry, **tags: object) -> Dataset:
    """An RTDOSE of the values (column, row, frame), in steps of 0.001."""
    found = patient(Dataset(), RTDoseStorage)
    found.StudyInstanceUID, found.SeriesInstanceUID, found.FrameOfReferenceUID = (generate_uid() for _ in range(3))
    found.Modality, found.SeriesNumber, found.InstanceNumber = "RTDOSE", 2, 1
    found.Columns, found.Rows, found.NumberOfFrames = gray.shape
    place(found, geometry, 0)
    found.GridFrameOffsetVector = [k * geometry.spacing_mm[2] for k in range(gray.shape[2])]
    found.DoseUnits, found.DoseType, found.DoseSummationType, found.DoseGridScaling = "GY", "PHYSICAL", "PLAN", 0.001
    found.SamplesPerPixel, found.PhotometricInterpretation, found.PixelRepresentation = 1, "MONOCHROME2", 0
    found.BitsAllocated, found.BitsStored, found.HighBit = 32, 32, 31
    found.PixelData = np.ascontiguousarray(np.rint(gray / 0.001).astype(np.uint32).transpose(2, 1, 0)).tobytes()
    for name, value in tags.items():
        setattr(found, name, value)
    return found
