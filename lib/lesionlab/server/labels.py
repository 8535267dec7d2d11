"""Labels of the studies: recorded in the ledger first, then written where MONAI Label and people look for them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from monailabel.datastore.local import LocalDatastore

from lesionlab.errors import InputError
from lesionlab.image.files import read_volume
from lesionlab.server.datastore import SUFFIXES
from lesionlab.store.blobs import checksum_of
from lesionlab.store.house import House, is_url
from lesionlab.store.ledger import Ledger
from lesionlab.store.revision import Draft, Revision, Source
from lesionlab.store.working import WorkingFile, stamp_of

logger = logging.getLogger(__name__)

_Key = tuple[str, str]


class Labels:
    """The one door for everything that writes labels.

    The working file of a label (``labels/<tag>/<image>``, or the datastore's own copy) follows the head of the ledger.
    A file that somebody else put there is adopted as a revision before anything is written over it.

    Args:
        ledger: of the studies.
        get_store: gives MONAI Label's datastore.
        set_aside: a folder for working files that cannot be read and would be written over.
    """

    def __init__(self, ledger: Ledger, get_store: Callable[[], Any], set_aside: Path) -> None:
        self.ledger = ledger
        self._store = get_store
        self._set_aside = set_aside

    def save(self, draft: Draft, file: Path) -> Revision:
        """Record a label; when it is the new head, the working file follows."""
        self.settle(draft.image, draft.tag)
        saved = self.ledger.save(draft, file, _suffix(file))
        self.settle(draft.image, draft.tag)
        return saved

    def restore(self, draft: Draft, revision: Revision) -> Revision:
        """Record the content of an earlier revision again; when it is the new head, the working file follows."""
        saved = self.ledger.restore(draft, revision)
        self.settle(draft.image, draft.tag)
        return saved

    def remove(self, draft: Draft) -> None:
        """Remove a label; its revisions stay."""
        self.settle(draft.image, draft.tag)
        self.ledger.remove(draft)
        self.settle(draft.image, draft.tag)

    def head(self, image: str, tag: str) -> Revision | None:
        """The newest revision, after a file that somebody put there is adopted; None when there is no label."""
        self.settle(image, tag)
        head = self.ledger.head(image, tag)
        return None if head is None or head.blob is None else head

    def settle_all(self) -> Mapping[_Key, Revision]:
        """Adopt what is new in the labels folder and write what is missing there; gives all heads."""
        heads, written = self.ledger.heads(), self.ledger.working.all()
        keys = {*heads, *_present(self._store())}
        changed = [key for key in sorted(keys) if not self._is_settled(key, heads.get(key), written.get(key))]
        for image, tag in changed:
            self.settle(image, tag)
        return self.ledger.heads() if changed else heads

    def settle(self, image: str, tag: str) -> None:
        """Make the working file that of the head, and the head what somebody put there by hand."""
        working = self.ledger.working
        if self._is_settled((image, tag), self.ledger.head(image, tag), working.get(image, tag)):
            return
        with working.alone():
            self._adopt(image, tag)
            head, written = self.ledger.head(image, tag), working.get(image, tag)
            if head is None or image not in _images(self._store()):
                return
            if not self._is_settled((image, tag), head, written):
                self._write(head)

    def _is_settled(self, key: _Key, head: Revision | None, written: WorkingFile | None) -> bool:
        store = self._store()
        if head is None:
            return written is None and _file(store, *key) is None
        if written is None or written.revision != head.id:
            return False
        return not isinstance(store, LocalDatastore) or written.stamp == stamp_of(_file(store, *key))

    def _adopt(self, image: str, tag: str) -> None:
        """Record a file that we did not write: as following the revision that was there before it."""
        file, written = _file(self._store(), image, tag), self.ledger.working.get(image, tag)
        stamp = stamp_of(file)
        if file is None or stamp is None or (written is not None and written.stamp == stamp):
            return
        checksum = checksum_of(file)
        head = self.ledger.head(image, tag)
        if head is not None and head.blob is not None and head.blob.checksum == checksum:
            # We wrote it, but did not come to note it.
            self.ledger.working.note(image, tag, WorkingFile(head.id, stamp))
            return
        if any(one.blob is not None and one.blob.checksum == checksum for one in self.ledger.history(image, tag)):
            return
        if not _readable(file):
            if head is not None:
                self._put_aside(file, tag)
            return
        parent = None if written is None else written.revision
        adopted = self.ledger.save(Draft(image, tag, Source.FILE, parent), file, _suffix(file))
        logger.info("%s/%s was put there by hand; recorded as %s", tag, file.name, adopted.id)
        if self.ledger.head(image, tag) == adopted:
            self.ledger.working.note(image, tag, WorkingFile(adopted.id, stamp))

    def _write(self, head: Revision) -> None:
        store, image, tag = self._store(), head.draft.image, head.draft.tag
        if head.blob is None:
            if _file(store, image, tag) is not None:
                store.remove_label(image, tag)
        else:
            store.save_label(image, str(self.ledger.content(head)), tag, _note(head))
        self.ledger.working.note(image, tag, WorkingFile(head.id, stamp_of(_file(store, image, tag))))

    def _put_aside(self, file: Path, tag: str) -> None:
        self._set_aside.mkdir(parents=True, exist_ok=True)
        place = self._set_aside / f"{tag} {stamp_of(file)} {file.name}".replace(":", "-")
        logger.warning("%s/%s cannot be read as an image; moved to %s", tag, file.name, place)
        with suppress(FileNotFoundError):
            file.replace(place)


def ledger_folder(house: House, studies: str) -> Path:
    """Where the ledger of some studies is; those of other servers each have one in the user's cache."""
    return house.root / "ledgers" / hashlib.sha256(studies.encode()).hexdigest()[:16] if is_url(studies) else house.root


def by_model(image: str, tag: str, task: str, summary: Mapping[str, Any]) -> Draft:
    """A label that a task's answer is saved as."""
    version = summary.get("model_version")
    return Draft(
        image,
        tag,
        Source.MODEL,
        client_id=task,
        model_version=None if version is None else str(version),
        info={"model": task, "params": dict(summary)},
    )


def _note(head: Revision) -> dict[str, Any]:
    """What MONAI Label's list of files says about a label."""
    draft = head.draft
    own = {"author": draft.author, "client_id": draft.client_id, "revision": head.id}
    return {**draft.info, **{name: value for name, value in own.items() if value is not None}}


def _suffix(file: Path) -> str:
    name = file.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), file.suffix)


def _readable(file: Path) -> bool:
    try:
        read_volume(file)
    except InputError:
        return False
    return True


def _images(store: Any) -> frozenset[str]:
    return frozenset(store.list_images())


def _file(store: Any, image: str, tag: str) -> Path | None:
    """The working file of a label, where the datastore keeps it on this machine; nothing is fetched for it."""
    if not isinstance(store, LocalDatastore):
        return None
    uri = LocalDatastore.get_label_uri(store, image, tag)
    return Path(uri) if uri and Path(uri).is_file() else None


def _present(store: Any) -> frozenset[_Key]:
    if not isinstance(store, LocalDatastore):
        return frozenset()
    images = LocalDatastore.list_images(store)
    return frozenset((image, tag) for image in images for tag in LocalDatastore.get_labels_by_image_id(store, image))
