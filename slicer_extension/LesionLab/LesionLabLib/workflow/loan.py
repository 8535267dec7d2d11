"""How the server knows the open image: as one of its cases, or as a session that the image was lent to."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Callable, TypeVar

from LesionLabLib.answers import Source
from LesionLabLib.errors import Refused
from LesionLabLib.scene import VolumeRef

from .context import Context

if TYPE_CHECKING:
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job

T = TypeVar("T")
_GONE = 404


class Loan:
    """One image as it was at one moment. `ask` runs on the worker's thread, one at a time.

    Attributes:
        session: the server's session; empty until the image is lent.
    """

    def __init__(self, case: str = "", file: Path | None = None) -> None:
        self.session = ""
        self._case = case
        self.file = file

    def ask(self, client: Client, job: Job, request: Callable[[Source], T]) -> T:
        """Ask about the image; it is lent first if need be, and lent again once if the server has forgotten it."""
        if self.file is None:
            return request(Source(case=self._case))
        known = bool(self.session)
        if not known:
            self.session = client.open_session(self.file, job)
        try:
            return request(Source(session=self.session))
        except Refused as error:
            if error.status != _GONE or not known:
                raise
        self.session = ""
        self.session = client.open_session(self.file, job)
        return request(Source(session=self.session))


class Loans:
    """The loan of the open image: a new one whenever a volume of the scene was changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loan: Loan | None = None
        self._fingerprint = ""
        self._files: list[Path] = []

    def current(self) -> Loan:
        """The loan of the image as it is now. A case is open."""
        case = self._context.state.case
        assert case is not None
        if case.on_server:
            return Loan(case=case.name)
        ref = VolumeRef(case.volume_id, case.name)
        fingerprint = self._context.scene.volume_fingerprint(ref)
        if self._loan is None or self._fingerprint != fingerprint:
            file = self._context.settings.folder / f"lent-{uuid.uuid4().hex}.nrrd"
            # Earlier files stay until the image is closed: requests that wait may still lend them.
            self._files.append(file)
            self._context.scene.write_volume(ref, file)
            self._loan, self._fingerprint = Loan(file=file), fingerprint
        return self._loan

    def note(self, loan: Loan) -> None:
        """Show the session that a loan got."""
        if loan is self._loan:
            self._context.current.change_case(session=loan.session)

    def forget_session(self) -> None:
        """The server is another one, or was started again: lend the image again when it is next asked about."""
        if self._loan is not None and self._loan.file is not None:
            # A new loan: the old one may still be in use on the worker's thread.
            self._loan = Loan(file=self._loan.file)
            self._context.current.change_case(session="")

    def renew(self) -> None:
        """Lend the image to a server that has not heard of it, if it was lent before."""
        loan = self._loan
        if loan is None or loan.session:
            return
        self._context.asking.ask(
            "Lending the image to the server",
            lambda client, job: loan.ask(client, job, lambda source: source.session),
            lambda _: self.note(loan),
            key="lend",
        )

    def clear(self) -> None:
        """Forget the image and its files."""
        for file in self._files:
            file.unlink(missing_ok=True)
        self._files.clear()
        self._loan, self._fingerprint = None, ""
