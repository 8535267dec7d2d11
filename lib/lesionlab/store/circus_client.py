"""The REST API of CIRCUS DB, as far as cases, blobs and exports go."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from lesionlab.errors import (
    ConflictError,
    InputError,
    LesionLabError,
    NotFoundError,
    TooLargeError,
    UnauthorizedError,
)
from lesionlab.store.circus_model import CircusCase, Revision, parsed
from lesionlab.store.circus_voxels import Packed

TOKEN_VARIABLE = "LESIONLAB_CIRCUS_TOKEN"  # noqa: S105 - the name of a variable, not a secret
_PAGE = 100
_ERRORS: dict[int, type[InputError]] = {
    401: UnauthorizedError,
    403: UnauthorizedError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
}


def read_token(file: Path | None) -> str:
    """The permanent token of a CIRCUS user: the file's content, or else the environment variable's.

    Raises:
        InputError: there is none.
    """
    try:
        token = file.read_text(encoding="utf-8").strip() if file is not None else os.environ.get(TOKEN_VARIABLE, "")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the file with the token cannot be read", got=str(file)) from error
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            "there is no token for CIRCUS DB" if not token else "this is no token",
            expected=f"a permanent token in environment variable {TOKEN_VARIABLE} or in --token-file FILE",
            hint="make one in CIRCUS under Tools, API tokens",
        )
    return token


@dataclass(frozen=True)
class Waiting:
    """How long to wait for an export, and how often to ask, in seconds."""

    limit_s: float = 1800.0
    pause_s: float = 1.0
    sleep: Callable[[float], None] = time.sleep


class CircusClient:
    """A connection to one server; a context manager.

    Args:
        server: its address, such as ``https://circus.example.org``.
        token: permanent token of a user who may read (and for revisions write) the project.
        waiting: for exports.

    Raises:
        InputError: the address is none.
    """

    def __init__(self, server: str, token: str, waiting: Waiting | None = None) -> None:
        if not server.startswith(("http://", "https://")):
            raise InputError("the server is no web address", got=server, expected="such as https://circus.example.org")
        self.server = server.rstrip("/").removesuffix("/api")
        self._waiting = waiting or Waiting()
        self._http = httpx.Client(
            base_url=f"{self.server}/api/", headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(60.0)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def case(self, case_id: str) -> CircusCase:
        """A case with all its revisions."""
        answer = self._ask("GET", f"cases/{_component(case_id)}")
        return parsed(CircusCase, _json(answer), f"case {case_id}")

    def cases_of(self, project_id: str) -> Iterator[str]:
        """The ids of a project's cases."""
        page = 1
        while True:
            query = {"filter": json.dumps({"projectId": project_id}), "page": page, "limit": _PAGE}
            items = _json(self._ask("GET", "cases", params=query)).get("items", [])
            yield from (str(item["caseId"]) for item in items)
            if len(items) < _PAGE:
                return
            page += 1

    def blob(self, sha1: str) -> bytes:
        """The content of a blob."""
        return self._ask("GET", f"blob/{_component(sha1)}").content

    def put_blob(self, packed: Packed) -> None:
        """Store a mask's voxels; must come before the revision that names them."""
        headers = {"Content-Type": "application/octet-stream", "Content-Encoding": "gzip"}
        self._ask("PUT", f"blob/{packed.sha1}", content=gzip.compress(packed.blob, mtime=0), headers=headers)

    def post_revision(self, case_id: str, revision: Revision) -> None:
        """Append a revision; the server sets its date and creator."""
        body = revision.model_dump(mode="json", by_alias=True, exclude={"creator", "date"}, exclude_unset=False)
        self._ask("POST", f"cases/{_component(case_id)}/revision", json=_without_nothing(body))

    def export(self, case_ids: Sequence[str], target: Path, revision: int | None = None) -> None:
        """Have the server pack cases, wait for it, and write the archive (tgz) to ``target``.

        Raises:
            LesionLabError: the export failed, or took longer than the limit.
        """
        wanted = [one if revision is None else {"caseId": one, "revisionIndex": revision} for one in case_ids]
        body = {
            "caseIds": wanted, "labelPackType": "isolated", "mhdLineEnding": "lf", "compressionFormat": "tgz",
        }  # fmt: skip
        task = str(_json(self._ask("POST", "cases/export-mhd", json=body)).get("taskId", ""))
        deadline = time.monotonic() + self._waiting.limit_s
        while (status := str(_json(self._ask("GET", f"tasks/{_component(task)}")).get("status"))) != "finished":
            if status == "error":
                raise LesionLabError("CIRCUS DB could not pack the cases", got=", ".join(case_ids))
            if time.monotonic() > deadline:
                raise LesionLabError("CIRCUS DB is still packing", expected=f"within {self._waiting.limit_s:g} s")
            self._waiting.sleep(self._waiting.pause_s)
        with self._http.stream("GET", f"tasks/{_component(task)}/download") as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise _refusal(answer, self.server)
            with target.open("wb") as file:
                for part in answer.iter_bytes():
                    file.write(part)

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **content)
        except httpx.HTTPError as error:
            raise InputError(
                f"cannot reach CIRCUS DB at {self.server}", got=str(error) or type(error).__name__
            ) from error
        if not answer.is_success:
            raise _refusal(answer, self.server)
        return answer


def _refusal(answer: httpx.Response, server: str) -> InputError:
    try:
        said = str(answer.json().get("error", ""))
    except (ValueError, AttributeError):
        said = ""
    kind = _ERRORS.get(answer.status_code, InputError)
    what = f"CIRCUS DB at {server} refused {answer.request.method} {answer.request.url.path}"
    return kind(what, got=f"status {answer.status_code}{': ' + said if said else ''}")


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError as error:
        raise InputError("CIRCUS DB answered with something else than JSON", got=answer.text[:80]) from error
    if not isinstance(content, dict):
        raise InputError("CIRCUS DB answered with something else than an object", got=type(content).__name__)
    return content


def _component(name: str) -> str:
    """One component of a path; an id with a slash must not lead elsewhere."""
    if not name or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise InputError("this is no id", got=repr(name), expected="letters, digits, '-' and '_'")
    return name


def _without_nothing(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was never there: the schema takes no null besides a label's ``name`` and ``voxels``."""
    for series in body["series"]:
        if series.get("partialVolumeDescriptor") is None:
            series.pop("partialVolumeDescriptor", None)
        for label in series["labels"]:
            if label.get("name") is None:
                label.pop("name", None)
    return body
