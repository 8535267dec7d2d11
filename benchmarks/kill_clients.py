"""Clients that save labels without pause, whatever becomes of the server, and remember what they were told."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import threading
from dataclasses import dataclass

import httpx
import nibabel
import numpy as np

from lesionlab.errors import InternalError

SHAPE = (24, 20, 16)
_PAUSE_SECONDS = 0.02
_OK, _CONFLICT = 200, 409


@dataclass(frozen=True)
class Saved:
    """A save that the server answered.

    Attributes:
        image: of which image.
        revision: the revision that it became.
        checksum: SHA-256 of what was sent.
        parent: what was stated, or None.
        conflict: whether the answer was 409.
    """

    image: str
    revision: str
    checksum: str
    parent: str | None
    conflict: bool


class Client(threading.Thread):
    """One client, which counts what is not answered and what it sends again.

    Args:
        url: of the server.
        name: its name for itself.
        images: it saves labels of these.
        seed: of the labels.
        stock: whether it states no parent, as MONAI Label's clients do.
    """

    def __init__(self, url: str, name: str, images: tuple[str, ...], seed: int, *, stock: bool) -> None:
        super().__init__(daemon=True, name=name)
        self.answered: list[Saved] = []
        self.unanswered = 0
        self.again = 0
        self.failure = ""
        self._url, self._images, self._stock = url, images, stock
        self._stop_asked = threading.Event()
        self._rng = np.random.default_rng(seed)

    def stop(self) -> None:
        """Ask it to end after its present request."""
        self._stop_asked.set()

    def run(self) -> None:
        """Save until asked to stop; a save that is not answered is sent again, once."""
        with httpx.Client(base_url=self._url, timeout=60) as http:
            while not self._stop_asked.is_set():
                try:
                    self._work(http)
                except (InternalError, KeyError, ValueError) as error:
                    self.failure = f"{self.name}: {error!r}"
                    return

    def _work(self, http: httpx.Client) -> None:
        image, content = str(self._rng.choice(self._images)), self._label()
        checksum = hashlib.sha256(content).hexdigest()
        try:
            parent = None if self._stock else self._head(http, image)
        except httpx.TransportError:
            self._is_back(http)
            return
        try:
            self._save(http, image, content, checksum, parent)
        except httpx.TransportError:
            self.unanswered += 1
            if self._is_back(http) and not self._stock:
                # Whether it was recorded or not: sent again, it must become one revision.
                self.again += 1
                with contextlib.suppress(httpx.TransportError):
                    self._save(http, image, content, checksum, parent)

    def _is_back(self, http: httpx.Client) -> bool:
        while not self._stop_asked.wait(_PAUSE_SECONDS):
            with contextlib.suppress(httpx.TransportError):
                http.get("/info/")
                return True
        return False

    def _head(self, http: httpx.Client, image: str) -> str:
        found = http.get(f"/datastore/label?label={image}&tag=final")
        if found.status_code == 404:
            return ""
        if found.status_code != _OK:
            raise InternalError("reading a label failed", got=found.text[:300])
        nibabel.Nifti1Image.from_bytes(gzip.decompress(found.content))
        return str(found.headers["x-lesionlab-revision"])

    def _save(self, http: httpx.Client, image: str, content: bytes, checksum: str, parent: str | None) -> None:
        query = f"image={image}&tag=final" + ("" if parent is None else f"&parent={parent}")
        said = {"client_id": self.name, **({} if self._stock else {"author": self.name})}
        answer = http.put(
            f"/datastore/label?{query}",
            files={"label": ("l.nii.gz", content)},
            data={"params": json.dumps(said)},
        )
        if answer.status_code not in (_OK, _CONFLICT):
            raise InternalError("a save was refused", got=f"{answer.status_code} {answer.text[:300]}")
        found = answer.json()
        part = found if answer.status_code == _OK else found["error"]
        self.answered.append(Saved(image, part["revision"], checksum, parent, answer.status_code == _CONFLICT))

    def _label(self) -> bytes:
        voxels = (self._rng.random(SHAPE) < 0.3).astype(np.uint8)
        return gzip.compress(nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes(), 1)
