"""``circus.json`` of a data folder: which image came from which volume of which case, so that masks find their way back."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from lesionlab.errors import InputError, NotFoundError
from lesionlab.store.files import write_atomically
from lesionlab.task import Frozen

RECORD = "circus.json"


class PulledLabel(Frozen):
    """A voxel label: the value that it has in the mask, its place among the volume's labels, its name, its blob."""

    value: int
    index: int
    name: str
    voxels: str | None = None


class PulledImage(Frozen):
    """An image: its name in the folder, where it came from, the mask file as it was written, and whether
    labels shared voxels, which one mask cannot hold.
    """

    image: str
    case_id: str
    series: int
    series_uid: str
    mask_sha256: str | None = None
    overlapping: bool = False
    labels: tuple[PulledLabel, ...] = ()


class CircusRecord(Frozen):
    """The whole file; ``server`` is None when the images came from an archive."""

    server: str | None = None
    images: tuple[PulledImage, ...] = ()

    def updated(self, images: tuple[PulledImage, ...], server: str | None) -> CircusRecord:
        """The record with some images replaced or added."""
        new = {one.image for one in images}
        kept = tuple(one for one in self.images if one.image not in new)
        return CircusRecord(server=server or self.server, images=(*kept, *images))


def read_record(folder: Path) -> CircusRecord:
    """Read ``circus.json``; an empty record when there is none.

    Raises:
        InputError: it cannot be read.
    """
    path = folder / RECORD
    if not path.is_file():
        return CircusRecord()
    try:
        return CircusRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise InputError(f"{path}: cannot be read", got=" ".join(str(error).split())[:200]) from error


def write_record(folder: Path, record: CircusRecord) -> None:
    """Write ``circus.json``, at once."""
    write_atomically(folder / RECORD, record.model_dump_json(indent=1) + "\n")


def found_image(record: CircusRecord, image: str) -> PulledImage:
    """The entry of an image.

    Raises:
        NotFoundError: it did not come from CIRCUS DB.
    """
    for one in record.images:
        if one.image == image:
            return one
    raise NotFoundError(
        "this image did not come from CIRCUS DB", got=image, expected="an image that 'circus pull' wrote"
    )
