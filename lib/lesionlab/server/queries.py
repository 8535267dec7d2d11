"""Query parameters and form fields, read strictly."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from lesionlab.checked import finite_json, shown
from lesionlab.errors import InputError


def required(request: Request, name: str) -> str:
    """A query parameter that must be there; the border has checked that it is a name.

    Raises:
        InputError: when it is missing.
    """
    value = request.query_params.get(name)
    if not value:
        raise InputError(f"query parameter {name!r} is missing", expected="a name")
    return value


def whole(request: Request, name: str) -> int:
    """A query parameter that is a whole number >= 0; 0 when it is left out.

    Raises:
        InputError: when it is something else.
    """
    text = request.query_params.get(name) or "0"
    if not text.isdecimal():
        raise InputError(f"query parameter {name!r} is wrong", got=shown(text), expected="a whole number >= 0")
    return int(text)


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; false when it is left out.

    Raises:
        InputError: when it is something else.
    """
    text = (request.query_params.get(name) or "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise InputError(f"query parameter {name!r} is wrong", got=shown(text), expected="true or false")
    return text in ("true", "1")


def file_field(form: FormData, name: str) -> UploadFile:
    """The one file of a form field.

    Raises:
        InputError: when it is missing, not a file, or there are several.
    """
    found = form.getlist(name)
    if len(found) != 1 or not isinstance(found[0], UploadFile):
        raise InputError(f"form field {name!r} is not one file", got=f"{len(found)} values", expected="a file")
    return found[0]


def text_field(form: FormData, name: str, default: str) -> str:
    """The text of a form field, ``default`` when it is not there.

    Raises:
        InputError: when it is a file or there are several.
    """
    found = form.getlist(name)
    if not found:
        return default
    if len(found) != 1 or not isinstance(found[0], str):
        raise InputError(f"form field {name!r} is not one text", got=f"{len(found)} values", expected="one text")
    return found[0] or default


def object_field(form: FormData, name: str) -> dict[str, Any]:
    """The JSON object in a form field; empty when it is not there.

    Raises:
        InputError: when it is something else.
    """
    found = finite_json(text_field(form, name, "{}"), name)
    if not isinstance(found, dict):
        raise InputError(f"{name} is not an object", got=type(found).__name__, expected="names and values in braces")
    return found
