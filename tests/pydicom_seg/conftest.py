"""A small oblique CT series and a mask on its lattice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROWS, COLUMNS, SLICES = 16, 20, 6
SPACING = (0.8, 0.5, 3.0)  # along columns (x), rows (y), slices (z), mm
ORIGIN = np.array([-30.0, 12.0, 100.0])  # LPS mm
# Turned by 30 degrees about the patient's long axis: x' = (cos, sin, 0), y' = (-sin, cos, 0).
X = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6), 0.0])
Y = np.array([-np.sin(np.pi / 6), np.cos(np.pi / 6), 0.0])
Z = np.array([0.0, 0.0, 1.0])


def slice_header(number: int, study: str, series: str, frame: str) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = CTImageStorage
    header.SOPClassUID = CTImageStorage
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = study, series, frame
    header.PatientID, header.PatientName, header.PatientBirthDate, header.PatientSex = "P1", "Phantom^One", "", "O"
    header.StudyID, header.StudyDate, header.StudyTime, header.AccessionNumber = "1", "20250101", "120000", ""
    header.ReferringPhysicianName, header.PositionReferenceIndicator = "", ""
    header.Modality, header.SeriesNumber, header.InstanceNumber = "CT", 1, number + 1
    header.Rows, header.Columns = ROWS, COLUMNS
    header.PixelSpacing, header.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
    header.ImageOrientationPatient = [*X, *Y]
    header.ImagePositionPatient = list(ORIGIN + number * SPACING[2] * Z)
    header.SamplesPerPixel, header.PhotometricInterpretation, header.PixelRepresentation = 1, "MONOCHROME2", 0
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.RescaleSlope, header.RescaleIntercept = 1, -1024
    header.PixelData = np.zeros((ROWS, COLUMNS), np.uint16).tobytes()
    return header


@pytest.fixture
def series() -> list[Dataset]:
    study, own, frame = generate_uid(), generate_uid(), generate_uid()
    return [slice_header(number, study, own, frame) for number in range(SLICES)]


@pytest.fixture
def series_folder(series: list[Dataset], tmp_path: Path) -> Path:
    folder = tmp_path / "series"
    folder.mkdir()
    for number, header in enumerate(series):
        header.save_as(folder / f"{number:03}.dcm", enforce_file_format=True)
    return folder


@pytest.fixture
def mask() -> sitk.Image:
    """Value 3 in columns 4..6, rows 5..8, slices 2..3 (24 voxels), and value 7 in one voxel of slice 4."""
    array = np.zeros((SLICES, ROWS, COLUMNS), np.uint16)
    array[2:4, 5:9, 4:7] = 3
    array[4, 1, 2] = 7
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN.tolist())
    image.SetDirection(np.column_stack([X, Y, Z]).ravel().tolist())
    return image
