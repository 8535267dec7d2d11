"""One rule for every name that comes over HTTP: image and label ids, tags, sessions, models, file names.

A name is one component of a path, never a path. Everything that reaches a file name passes through here.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qsl

from lesionlab.checked import shown
from lesionlab.errors import InputError

#: A letter, digit or underscore of any script, then also spaces and the punctuation of volume names in Slicer.
_NAME = re.compile(r"\w[\w .:+=,()@#~&\[\]^!'-]*")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_LONGEST_BYTES = 200
_EXPECTED = "one name: letters, digits, spaces and . _ - : + = , ( ) [ ], no slash, not starting with a dot"

#: Folders of pages rather than names; below them only the shape of the path is checked.
_PAGES = frozenset({"static", "ohif", "proxy", "docs", "openapi.json", "favicon.ico"})


def check_name(value: str, what: str) -> str:
    """The name itself, when it is one.

    Args:
        value: what the client sent, decoded.
        what: which name it is, for the error ("image").

    Raises:
        InputError: when it is empty, too long, a path or holds control characters.
    """
    if not _NAME.fullmatch(value):
        raise InputError(f"{what} is not a valid name", got=shown(value), expected=_EXPECTED)
    if len(value.encode("utf-8", "surrogatepass")) > _LONGEST_BYTES:
        raise InputError(f"{what} is too long", got=shown(value), expected=f"at most {_LONGEST_BYTES} bytes")
    return value


def base_name(filename: str | None, what: str) -> str:
    """The last component of an uploaded file's name; stock clients send their whole local path.

    Raises:
        InputError: when it is missing or not a valid name.
    """
    if not filename:
        raise InputError(f"{what} has no file name", expected="a file name with a suffix such as .nii.gz")
    return check_name(PurePosixPath(filename.replace("\\", "/")).name, f"the file name of {what}")


def check_url(path: str, query: bytes) -> None:
    """Check every component of a URL's decoded path, and every value of its query string.

    Raises:
        InputError: for ``.``, ``..``, backslashes, control characters, and components that are no names.
    """
    if any(ord(char) < 32 for char in path) or "\\" in path:
        raise InputError("the URL holds a backslash or control character", got=shown(path), expected=_EXPECTED)
    parts = [part for part in path.split("/") if part]
    for part in parts:
        if part in (".", ".."):
            raise InputError("the URL climbs out of its folder", got=shown(path), expected="no '.' or '..' in it")
        if parts[0] not in _PAGES:
            check_name(part, "a part of the URL")
    if query and not (parts and parts[0] in _PAGES):
        _check_query(query)


def _check_query(query: bytes) -> None:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise InputError(
            "the query string cannot be read", got=shown(query), expected="UTF-8, percent-encoded"
        ) from error
    seen: set[str] = set()
    for key, value in pairs:
        check_name(key, "a query parameter's name")
        if key in seen:
            raise InputError(f"query parameter {key!r} is given twice", got=shown(value), expected="each once")
        seen.add(key)
        if value and not _NUMBER.fullmatch(value):
            check_name(value, f"query parameter {key!r}")
