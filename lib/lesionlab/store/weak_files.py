"""Weak labels from a file of any kind, and from a data folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lesionlab.errors import InputError, NotFoundError
from lesionlab.image.reading import reading
from lesionlab.store.cases import Case, read_cases
from lesionlab.store.files import image_name
from lesionlab.store.marks import MARKS, Marks
from lesionlab.weak.label import Isodose, PointSize, Presence, WeakLabel
from lesionlab.weak.markups import read_markups
from lesionlab.weak.report import read_report
from lesionlab.weak.struct import read_struct

if TYPE_CHECKING:
    from pydicom import Dataset

log = logging.getLogger(__name__)

WEAK = Path("labels") / "weak"
#: Classes in ``cases.csv`` that say that an image shows no disease.
ABSENT = ("normal", "negative", "healthy", "absent")


@dataclass(frozen=True)
class Wanted:
    """What to take from DICOM files.

    Attributes:
        structures: names of RTSTRUCT structures; none means all.
        level: of an RTDOSE, in ``unit``.
    """

    structures: tuple[str, ...] = ()
    level: float = 50.0
    unit: Literal["percent", "gy"] = "percent"


def read_weak_file(
    path: Path, image: str = "", wanted: Wanted | None = None, source: Sequence[Dataset] = ()
) -> tuple[WeakLabel, ...]:
    """The weak labels of a ``.mrk.json``, RTDOSE, RTSTRUCT or structured report.

    Args:
        path: the file.
        image: what the labels are of.
        wanted: which structures, and which isodose.
        source: headers of the image's series, for reports that measure in pixels.

    Raises:
        NotFoundError: there is no file, or no structure of a wanted name.
        InputError: it holds no weak label.
    """
    wanted = wanted or Wanted()
    if not path.is_file():
        raise NotFoundError("the file with weak labels does not exist", got=str(path))
    if path.name.lower().endswith(".json"):
        return read_markups(path, image)
    modality, patient = _modality(path)
    match modality:
        case "RTDOSE":
            return (Isodose(image=image, patient=patient, dose=path, level=wanted.level, unit=wanted.unit),)
        case "RTSTRUCT":
            return read_struct(path, wanted.structures, image)
        case "SR":
            return tuple(found.label for found in read_report(path, image, source) if found.label is not None)
    raise InputError(
        f"{path}: holds no weak label",
        got=f"DICOM modality {modality or 'unknown'}",
        expected="Slicer markups (.mrk.json), RTDOSE, RTSTRUCT or SR",
    )


def read_weak_folder(folder: Path, wanted: Wanted | None = None) -> tuple[WeakLabel, ...]:
    """All weak labels of a data folder: those of ``cases.csv``, of ``labels/weak/``, and of ``marks/`` (saved through the server).

    A row of ``cases.csv`` with a point is a point; one with a class and without a point tells whether there is disease
    (``normal``, ``negative``, ``healthy`` and ``absent`` say no). A file in ``labels/weak/`` belongs to the image whose
    name it begins with: ``case1.mrk.json``, ``case1.dose.dcm``. Its labels get the patient of ``cases.csv``. Marks that are no weak
    labels (an angle, a line half drawn) or of an image that is gone are left out.

    Raises:
        InputError: a file cannot be read, or belongs to no image.
    """
    from dataclasses import replace

    cases = read_cases(folder)
    patients = {image_name(case.image): case.patient for case in cases}
    found: list[WeakLabel] = [label for case in cases for label in labels_of_case(case)]
    files = sorted((folder / WEAK).iterdir()) if (folder / WEAK).is_dir() else []
    for path in files:
        if path.name.startswith(".") or not path.is_file():
            continue
        image = _image_of(path, patients)
        found += [replace(label, patient=patients[image]) for label in read_weak_file(path, image, wanted)]
    marks = Marks(folder / MARKS)
    for image in sorted(marks.images() & set(patients)):
        try:
            found += read_markups(marks.path(image), image, patients[image])
        except InputError as error:
            log.warning("the marks of %s are left out: %s", image, error.message)
    return tuple(found)


def labels_of_case(case: Case) -> tuple[WeakLabel, ...]:
    """What a row of ``cases.csv`` says besides the mask."""
    image = image_name(case.image)
    if case.point_mm is not None:
        point = PointSize(
            image=image,
            patient=case.patient,
            reader=case.reader,
            name=case.label,
            point_mm=case.point_mm,
            size_mm=case.size_mm,
        )
        return (point,)
    if not case.label:
        return ()
    present = case.label.lower() not in ABSENT
    return (Presence(image=image, patient=case.patient, reader=case.reader, name=case.label, present=present),)


def case_of(label: PointSize | Presence, image: Path, mask: Path | None = None) -> Case:
    """The row of ``cases.csv`` that says what a label says."""
    if isinstance(label, Presence):
        name = label.name or ("present" if label.present else "normal")
        return Case(image, mask, label.patient or image_name(image), name, reader=label.reader)
    return Case(
        image, mask, label.patient or image_name(image), label.name, label.point_mm, label.size_mm, label.reader
    )


def _image_of(path: Path, patients: dict[str, str]) -> str:
    """The longest name of an image that the file's name begins with, followed by a dot."""
    fits = [name for name in patients if path.name.startswith(f"{name}.")]
    if not fits:
        raise InputError(
            f"{path}: belongs to no image of the folder",
            got=path.name,
            expected="the name of an image, a dot, and more, such as case1.mrk.json",
        )
    return max(fits, key=len)


def _modality(path: Path) -> tuple[str, str]:
    import pydicom
    from pydicom.errors import InvalidDicomError

    with reading(path, "DICOM", InvalidDicomError):
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Modality", "PatientID"])
    return str(dataset.get("Modality", "")), str(dataset.get("PatientID", ""))
