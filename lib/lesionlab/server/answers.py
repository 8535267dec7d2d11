"""Errors as JSON: ``{"detail": "what; got; expected", "error": {...}}`` with the right status."""

from __future__ import annotations

import errno
import logging
import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

from monailabel.interfaces.exception import (
    ImageNotFoundException,
    LabelNotFoundException,
    MONAILabelError,
    MONAILabelException,
)
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from lesionlab.errors import LesionLabError

logger = logging.getLogger(__name__)


def answer(error: Exception) -> Response:
    """The response to a request that ended with ``error``; what nobody expected is logged with an id and hidden."""
    if isinstance(error, LesionLabError) and error.http_status < 500:
        parts = {"what": error.what, "got": error.got, "expected": error.expected, "hint": error.hint}
        headers = {"www-authenticate": "Bearer"} if error.http_status == 401 else None
        return _json(error.http_status, error.message, parts, headers)
    if isinstance(error, HTTPException):
        return _json(error.status_code, detail_text(error.detail), {"what": detail_text(error.detail)})
    if isinstance(error, (ImageNotFoundException, LabelNotFoundException)):
        return _json(404, error.msg, {"what": error.msg})
    if isinstance(error, MONAILabelException) and error.error is MONAILabelError.INVALID_INPUT:
        return _json(422, error.msg, {"what": error.msg})
    if _is_full(error):
        logger.error("the disk is full", exc_info=error)
        what = "the server's disk is full; make room there and send it again"
        return _json(507, what, {"what": what})
    return fault(error)


def refusal(error: LesionLabError, more: Mapping[str, Any]) -> Response:
    """The response to a request that is refused, with more parts than every error has."""
    parts = {"what": error.what, "got": error.got, "expected": error.expected, "hint": error.hint, **more}
    return _json(error.http_status, error.message, parts)


def fault(error: BaseException | None) -> Response:
    """The response for our own fault: an id that the log explains, and nothing of the inside."""
    number = uuid.uuid4().hex[:12]
    logger.error("request failed, id %s", number, exc_info=error)
    what = f"the server failed; its log explains id {number}"
    return _json(500, what, {"what": what, "id": number})


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL


def detail_text(detail: Any) -> str:
    """One line from a ``detail`` as FastAPI writes it: text, or a list of what is wrong where."""
    if not isinstance(detail, list):
        return str(detail)
    lines = []
    for item in detail:
        where = ".".join(str(part) for part in item.get("loc", ())[1:])
        lines.append(f"{where or 'request'}: {item.get('msg', 'wrong')}; got {item.get('input')!r}")
    return " | ".join(lines)


def _json(status: int, detail: str, parts: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    error = {name: value for name, value in parts.items() if value is not None}
    return JSONResponse({"detail": detail, "error": error}, status_code=status, headers=headers)
