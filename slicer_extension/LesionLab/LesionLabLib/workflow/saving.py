"""Submitting: masks, marks and presence go to the server, and the reader hears plainly what became of them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from LesionLabLib.answers import Provenance, Saved
from LesionLabLib.errors import Cancelled, Conflict, ExtensionError, ServerLost

from .asking import plain
from .checking import BadInput, has_mask, open_image
from .context import Context
from .marks_file import written_marks
from .painted import masks_digest
from .state import ERROR, INFO, RUNNING, WARNING, Lesion, OpenCase

if TYPE_CHECKING:
    from LesionLabLib.answers import Json
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job


@dataclass(frozen=True)
class _Outcome:
    saved: Saved
    trouble: ExtensionError | None
    """Why marks or presence were not kept, though the label was."""


class Saving:
    """Submits the open case.

    Args:
        context: the workflow's.
        refresh: reads the list of cases again.
    """

    def __init__(self, context: Context, refresh: Callable[[], None]) -> None:
        self._context = context
        self._refresh = refresh
        self._sending = False

    def submit(self, over_conflict: bool) -> None:
        """Save all of it. After a conflict only ``over_conflict`` goes on, from the label that stands now."""
        case = open_image(self._context)
        self._check(case, over_conflict)
        state, current = self._context.state, self._context.current
        parent = state.conflict if over_conflict and state.conflict else case.revision
        file = self._context.settings.folder / f"label-{uuid.uuid4().hex}.nrrd"
        self._context.scene.write_labelmap(file)
        masks = masks_digest(self._context.scene)
        marks, presence, edits = written_marks(self._context), state.presence, current.edits
        provenance = self._provenance(state.lesions)

        def work(client: Client, job: Job) -> _Outcome:
            try:
                saved = self._save(client, case.name, file, parent, provenance, job)
            finally:
                file.unlink(missing_ok=True)
            try:
                client.save_marks(case.name, marks, job)
                for label, present in presence:
                    client.save_presence(case.name, label, present, self._context.settings.author, job)
            except ExtensionError as error:
                return _Outcome(saved, error)
            return _Outcome(saved, None)

        def after() -> None:
            self._sending = False
            file.unlink(missing_ok=True)

        self._sending = True
        self._context.asking.ask(
            f"Submitting {case.name}",
            work,
            lambda outcome: self._saved(outcome, edits, masks),
            self._went_wrong,
            after=after,
        )

    def _check(self, case: OpenCase, over_conflict: bool) -> None:
        state = self._context.state
        if not case.on_server:
            raise BadInput(f"{case.name} is no case of this server, so there is nothing to submit it to.")
        if not self._context.asking.ready:
            raise BadInput("There is no server to submit to. Nothing is lost: reconnect, then submit again.")
        if self._sending:
            raise BadInput(f"{case.name} is being submitted already.")
        running = [lesion.name for lesion in state.lesions if lesion.status == RUNNING]
        if running:
            raise BadInput(f"{', '.join(running)}: the mask is still on its way. Submit when it is there.")
        if state.conflict and not over_conflict:
            raise BadInput(
                f"Somebody else saved {case.name} in the meantime. Look at the other label first; "
                "submit over it only if yours shall stand. Both are kept."
            )

    def _save(
        self, client: Client, case: str, file: Path, parent: str | None, provenance: Provenance, job: Job
    ) -> Saved:
        tag = self._context.settings.tag
        try:
            return client.save_label(case, file, parent, provenance, job, tag)
        except Conflict as conflict:
            # The label that stands may be this very one: sent before, when the connection broke before the answer came.
            checksum = hashlib.sha256(file.read_bytes()).hexdigest()
            folder = Path(tempfile.mkdtemp(dir=file.parent))
            try:
                theirs = client.fetch_label(case, tag, folder, job)
                if theirs is None or theirs.revision != conflict.head:
                    raise
                if hashlib.sha256(theirs.path.read_bytes()).hexdigest() != checksum:
                    raise
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return Saved(conflict.head, parent, checksum)

    def _provenance(self, lesions: tuple[Lesion, ...]) -> Provenance:
        versions = sorted({lesion.model_version for lesion in lesions if lesion.model_version})
        settings = self._context.settings
        prompts = tuple(_as_json(lesion) for lesion in lesions)
        return Provenance(settings.author, settings.client_id, ", ".join(versions), prompts)

    def _saved(self, outcome: _Outcome, edits: int, masks: str) -> None:
        current = self._context.current
        current.saved_masks = masks
        case = open_image(self._context)
        changed_since = current.edits != edits or outcome.trouble is not None
        current.change_case(revision=outcome.saved.revision, unsaved=changed_since)
        current.change(conflict="")
        if outcome.trouble is not None:
            text = f"The masks of {case.name} are saved, but not its marks and presence: {plain(outcome.trouble)}"
            current.say(WARNING, f"{text} Submit again.")
        else:
            without = sum(not has_mask(self._context, one.id) for one in self._context.state.lesions)
            note = f" {without} of its lesions have no mask." if without else ""
            current.say(INFO, f"{case.name} is saved, and was read back the same.{note}")
        self._refresh()

    def _went_wrong(self, error: Exception) -> None:
        current = self._context.current
        if isinstance(error, Conflict) and error.head:
            name = open_image(self._context).name
            current.change(conflict=error.head)
            current.say(
                WARNING,
                f"{error.author or 'Somebody else'} saved {name} while you worked on it. "
                "Both labels are kept, and yours is still here. Look at the other one, then submit over it if yours shall stand.",
            )
        elif isinstance(error, Cancelled):
            current.say(INFO, "Submitting was cancelled. The work is still here; submit again when you like.")
        elif not isinstance(error, ServerLost):
            current.say(ERROR, f"Not submitted: {plain(error)} The work is still here.")


def _as_json(lesion: Lesion) -> dict[str, Json]:
    """A lesion's mark, as the label's history keeps it."""
    json: dict[str, Json] = {
        "name": lesion.name,
        "shape": lesion.shape,
        "point_mm": list(lesion.point_mm),
        "size_mm": lesion.size_mm,
        "size_given": lesion.size_given,
        "exclude_mm": [list(point) for point in lesion.exclude_mm],
    }
    if lesion.percent is not None:
        json["percent"] = lesion.percent
    return json
