"""The server, as a client on the worker thread sees it: every call waits for the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .answers import Answer, Case, FetchedLabel, Json, Provenance, Saved, ServerInfo, Source, Training, Version
from .client_address import address_of, checked_token
from .client_answer import answer_of
from .client_fields import Fields, parsed, rows
from .client_files import checksum_of, form, landing, small_form
from .client_info import server_info
from .client_records import case_of, training_of, version_of
from .client_trouble import check
from .client_wire import Body, Call, Reply, Timeouts, Wire
from .errors import BadAnswer, ExtensionError, NotOurs, Refused, TooOld
from .worker import Job

__all__ = ["Client", "Timeouts"]

_TIMEOUTS = Timeouts()
_FINAL = "final"
_REVISION_HEADER = "x-lesionlab-revision"


class Client:
    """Speaks LesionLab's HTTP. Every method raises `ExtensionError` in plain words, and nothing else for what can happen.

    Every method takes a ``job``: cancelling it ends the waiting at once, by `Cancelled`.

    Args:
        url: as the user typed it: ``localhost:8000`` will do.
        token: the server's secret; empty for none.
        timeouts: how long to wait.

    Attributes:
        url: the address as it is used.

    Raises:
        BadAddress: ``url`` or ``token`` is nonsense.
    """

    def __init__(self, url: str, token: str = "", timeouts: Timeouts = _TIMEOUTS) -> None:
        address = address_of(url)
        self.url = address.url
        self._timeouts = timeouts
        self._wire = Wire(address, checked_token(token), timeouts)
        self._kinds: dict[str, str] = {}

    def server(self, job: Job | None = None) -> ServerInfo:
        """Shake hands: who is there, with what tasks.

        Raises:
            NotOurs: something else answers there.
        """
        reply = self._wire.ask(Call("GET", ("info", "")), job or Job())
        if reply.status == 404:
            raise NotOurs(f"What answers at {self.url} is no LesionLab server.")
        check(reply, self.url)
        info = server_info(reply.body, self.url)
        self._kinds = {task.name: task.kind for task in info.tasks}
        return info

    # Cases

    def cases(self, job: Job | None = None) -> tuple[Case, ...]:
        """The images of the studies, by name."""
        reply = self._ask(Call("GET", ("cases", "")), job, "lists of cases")
        return tuple(case_of(fields) for fields in rows(reply.body, "cases"))

    def next_case(self, strategy: str, client_id: str, job: Job | None = None) -> str | None:
        """The case that a strategy chooses, leased to ``client_id``; None when none is left."""
        body = _json_body({"client_id": client_id})
        # A strategy may have to run a model on every image.
        call = Call("POST", ("activelearning", strategy), body=body, wait_s=self._timeouts.work_s)
        return Fields(parsed(self._ask(call, job).body), "").text("id", None)

    def hold(self, case: str, client_id: str, job: Job | None = None) -> None:
        """Take a case, or keep it for longer, so that nobody else is handed it.

        Raises:
            Conflict: somebody else works on it.
        """
        self._ask(Call("PUT", ("cases", case, "lease"), {"client_id": client_id}), job, "leases")

    def give_back(self, case: str, client_id: str, job: Job | None = None) -> None:
        """End the lease of a case."""
        self._ask(Call("DELETE", ("cases", case, "lease"), {"client_id": client_id}), job, "leases")

    def save_presence(self, case: str, label: str, present: bool, reader: str, job: Job | None = None) -> None:
        """Say of a whole case that something is there, or is not."""
        body = _json_body({"label": label, "present": present, **_given({"reader": reader})})
        self._ask(Call("PUT", ("cases", case, "labels"), body=body), job, "presence of disease")

    # Images, labels, marks

    def fetch_image(self, case: str, folder: Path, job: Job | None = None) -> Path:
        """The image of a case, in a file in ``folder``."""
        return self._fetch(("datastore", "image"), {"image": case}, folder, case, job)[0]

    def fetch_label(self, case: str, tag: str, folder: Path, job: Job | None = None) -> FetchedLabel | None:
        """The label of a case, in a file in ``folder``; None when it has none of that tag."""
        try:
            query = {"label": case, "tag": tag}
            path, reply = self._fetch(("datastore", "label"), query, folder, f"{case}.label.{tag}", job)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise
        return FetchedLabel(path, reply.headers.get(_REVISION_HEADER) or None)

    def save_label(
        self,
        case: str,
        file: Path,
        parent: str | None,
        provenance: Provenance,
        job: Job | None = None,
        tag: str = _FINAL,
    ) -> Saved:
        """Save a label that grew from revision ``parent`` (None: from nothing), and read it back.

        Raises:
            Conflict: somebody else saved in the meantime; both are kept.
            BadAnswer: what was read back is not what was sent.
        """
        job = job or Job()
        sent = checksum_of(file)
        texts = {"params": _json(_given(vars(provenance)))}
        call = Call(
            "PUT",
            ("datastore", "label"),
            {"image": case, "tag": tag, "parent": parent or ""},
            form(texts, "label", file, "label", job),
            self._timeouts.work_s,
        )
        fields = Fields(parsed(self._ask(call, job).body), "")
        if not fields.has("revision"):
            raise TooOld(f"The server at {self.url} is too old: it keeps no history of labels. Ask for its update.")
        revision = fields.text("revision")
        job.report(None, "Reading the label back")
        got = self._checksum({"label": case, "tag": tag, "revision": revision}, job)
        if not sent == got == fields.text("checksum", sent):
            raise BadAnswer(f"The server keeps another label of {case} than the one that was sent. Save it once more.")
        return Saved(revision, fields.text("parent", None), got)

    def fetch_marks(self, case: str, job: Job | None = None) -> bytes | None:
        """The weak labels of a case as Slicer markups (JSON); None when it has none."""
        try:
            return self._ask(Call("GET", ("datastore", "marks"), {"image": case}), job, "weak labels").body
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    def save_marks(self, case: str, marks: bytes, job: Job | None = None) -> None:
        """Keep weak labels (Slicer markups, JSON) with a case."""
        body = small_form({}, {"marks": ("marks.mrk.json", marks)})
        self._ask(Call("PUT", ("datastore", "marks"), {"image": case}, body), job, "weak labels")

    # Tasks

    def open_session(self, file: Path, job: Job | None = None) -> str:
        """Lend an image to the server; returns the session's id."""
        job = job or Job()
        body = form({}, "files", file, "image", job)
        reply = self._ask(Call("PUT", ("session", ""), body=body, wait_s=self._timeouts.work_s), job)
        return Fields(parsed(reply.body), "").text("session_id")

    def infer(self, task: str, source: Source, request: Mapping[str, Json], job: Job | None = None) -> Answer:
        """Ask a task; masks come as crops.

        Args:
            task: its name.
            source: the image.
            request: values of the task's request fields.
            job: what the user may cancel.
        """
        if task not in self._kinds:
            self.server(job)
        image = {"session_id": source.session} if source.session else {"image": source.case}
        body = small_form({"params": _json({**request, "result": "crop"})}, {})
        call = Call("POST", ("infer", task), {**image, "output": "json"}, body, self._timeouts.work_s)
        return answer_of(self._ask(call, job).body, self._kinds.get(task, ""))

    # Training

    def start_training(self, task: str, epochs: int | None = None, job: Job | None = None) -> str:
        """Start a training; returns its id."""
        body = _json_body({} if epochs is None else {"epochs": epochs})
        fields = Fields(parsed(self._ask(Call("POST", ("train", task), body=body), job).body), "")
        if not fields.has("job"):
            raise TooOld(f"The server at {self.url} is too old: it does not tell how a training goes.")
        return fields.text("job")

    def training(self, id: str, job: Job | None = None) -> Training:
        """How a training goes."""
        reply = self._ask(Call("GET", ("jobs", id)), job, "training jobs")
        return training_of(Fields(parsed(reply.body), "job"))

    def cancel_training(self, id: str, job: Job | None = None) -> None:
        """Stop a training."""
        self._ask(Call("DELETE", ("jobs", id)), job, "training jobs")

    def versions(self, task: str, job: Job | None = None) -> tuple[Version, ...]:
        """The versions of a task's model, newest first."""
        reply = self._ask(Call("GET", ("versions", task)), job, "versions of models")
        return tuple(version_of(fields) for fields in rows(reply.body, "versions"))

    def use_version(self, task: str, version: str, job: Job | None = None) -> None:
        """Make a version the current one."""
        self._ask(Call("POST", ("versions", task, version, "use")), job, "versions of models")

    def _ask(self, call: Call, job: Job | None, what: str = "") -> Reply:
        reply = self._wire.ask(call, job or Job())
        check(reply, self.url, what)
        return reply

    def _fetch(
        self, path: tuple[str, ...], query: dict[str, str], folder: Path, name: str, job: Job | None
    ) -> tuple[Path, Reply]:
        with landing(folder) as room:
            reply = self._wire.fetch(Call("GET", path, query), job or Job(), room.take)
            check(reply, self.url)
            return room.settle(name, reply.headers), reply

    def _checksum(self, query: dict[str, str], job: Job) -> str:
        total = hashlib.sha256()
        check(self._wire.fetch(Call("GET", ("datastore", "label"), query), job, total.update), self.url)
        return total.hexdigest()


def _given(values: Mapping[str, object]) -> dict[str, object]:
    """What is not empty: the server takes a name or none, never an empty one."""
    return {name: value for name, value in values.items() if value not in ("", ())}


def _json(values: object) -> str:
    try:
        return json.dumps(values, allow_nan=False, default=_plain)
    except ValueError as error:
        raise ExtensionError("A number of the request is infinite or none at all.") from error


def _json_body(values: object) -> Body:
    content = _json(values).encode("utf-8")
    return Body("application/json", len(content), lambda: iter((content,)))


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's own."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no value of JSON")
