"""A case of the server, fetched with its label and marks, and shown as it was submitted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, TypeVar

from LesionLabLib.errors import ExtensionError

from .asking import plain
from .context import Context
from .marks_file import shown_marks
from .painted import masks_digest
from .pairing import paired
from .state import REGION, WARNING, Lesion

if TYPE_CHECKING:
    from LesionLabLib.answers import Case, Crop, FetchedLabel
    from LesionLabLib.client import Client
    from LesionLabLib.scene import Mark
    from LesionLabLib.worker import Job

T = TypeVar("T")


@dataclass(frozen=True)
class Fetched:
    """A case as it came from the server."""

    image: Path
    label: FetchedLabel | None
    marks: bytes | None
    cases: tuple[Case, ...]

    @property
    def revision(self) -> str | None:
        """That of the label."""
        return None if self.label is None else self.label.revision

    def presence(self, name: str) -> tuple[tuple[str, bool], ...]:
        """What readers said of the case."""
        return next((case.presence for case in self.cases if case.image == name), ())


def fetch(client: Client, name: str, tag: str, folder: Path, job: Job) -> Fetched:
    """Fetch a case into a folder of its own; on the worker's thread."""
    labels = folder / "label"
    labels.mkdir(parents=True)
    image = client.fetch_image(name, folder, job)
    label, marks = client.fetch_label(name, tag, labels, job), client.fetch_marks(name, job)
    fetched = Fetched(image, label, marks, client.cases(job))
    if job.cancelled:  # nobody takes the files over
        shutil.rmtree(folder, ignore_errors=True)
    return fetched


def show_work(context: Context, fetched: Fetched) -> None:
    """Show the lesions of a case that was opened; what cannot be read is told, and the rest is shown."""
    scene, label, content = context.scene, fetched.label, fetched.marks
    marks: tuple[Mark, ...] = ()
    if content is not None:
        marks = _or_warn(context, "The marks", lambda: shown_marks(context, content)) or ()
    regions = None if label is None else _or_warn(context, "The label", lambda: scene.load_labelmap(label.path))
    if regions is None:
        # Work that starts from nothing must not replace a label that nobody saw.
        context.current.change_case(revision=None)
    lesions = paired(marks, regions or ())
    for lesion, crop in lesions:
        _show(context, lesion, crop)
    shown = tuple(lesion for lesion, _ in lesions)
    context.current.change(lesions=shown, selected=shown[0].id if shown else "")
    context.current.saved_masks = masks_digest(scene)


def _show(context: Context, lesion: Lesion, crop: Crop | None) -> None:
    if lesion.shape != REGION:
        context.scene.show_mark(lesion)
    if crop is not None:
        context.scene.set_mask(lesion.id, crop, lesion.colour, lesion.name)
    if lesion.frozen:
        context.scene.freeze(lesion.id)


def _or_warn(context: Context, what: str, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (ExtensionError, OSError) as error:
        context.current.say(WARNING, f"{what} of the case cannot be shown: {plain(error)}")
        return None
