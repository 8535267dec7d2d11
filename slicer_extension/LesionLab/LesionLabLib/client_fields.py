"""Reading JSON into typed values: what is not as agreed is said with the place where it stands."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from .answers import Fixed, Point
from .errors import BadAnswer

_MISSING = object()


class Fields:
    """The values of one JSON object.

    Args:
        values: what should be the object.
        where: its place in the answer, for messages ("case 3").

    Raises:
        BadAnswer: ``values`` is no object. Every method raises it for a value of another type than it reads.
    """

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, Mapping):
            raise _wrong(where, values, "an object")
        self._values = values
        self._where = where

    def raw(self, name: str) -> Any:
        """The value as it is, None when it is missing."""
        return self._values.get(name)

    def has(self, name: str) -> bool:
        """Whether there is a value other than null."""
        return self.raw(name) is not None

    def names(self) -> tuple[str, ...]:
        """The names of all values, in their order."""
        return tuple(str(name) for name in self._values)

    def text(self, name: str, default: Any = _MISSING) -> str:
        """A text; ``default`` stands for one that is missing or null, here and below."""
        value = self._value(name, default)
        return value if value is default or isinstance(value, str) else self._raise(name, value, "a text")

    def flag(self, name: str, default: Any = _MISSING) -> bool:
        """True or false."""
        value = self._value(name, default)
        return value if value is default or isinstance(value, bool) else self._raise(name, value, "true or false")

    def whole(self, name: str, default: Any = _MISSING) -> int:
        """A whole number."""
        value = self._value(name, default)
        is_whole = value is default or (isinstance(value, int) and not isinstance(value, bool))
        found: int = value if is_whole else self._raise(name, value, "a whole number")
        return found

    def number(self, name: str, default: Any = _MISSING) -> float:
        """A finite number."""
        value = self._value(name, default)
        return value if value is default else number(value, self._at(name))

    def point(self, name: str) -> Point:
        """Three finite numbers."""
        r, a, s = self.numbers(name, 3)
        return r, a, s

    def numbers(self, name: str, count: int) -> tuple[float, ...]:
        """That many finite numbers."""
        value = self._value(name)
        if not isinstance(value, list) or len(value) != count:
            self._raise(name, value, f"{count} numbers")
        return tuple(number(item, self._at(name)) for item in value)

    def items(self, name: str) -> list[Any]:
        """A list; an empty one when it is missing or null."""
        value = self.raw(name)
        return [] if value is None else value if isinstance(value, list) else self._raise(name, value, "a list")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; the names of an object will do."""
        value = self.raw(name)
        found = list(value) if isinstance(value, Mapping) else self.items(name)
        return tuple(item if isinstance(item, str) else self._raise(name, item, "texts") for item in found)

    def inner(self, name: str) -> Fields:
        """An object; an empty one when it is missing or null."""
        value = self.raw(name)
        return Fields({} if value is None else value, self._at(name))

    def optional(self, name: str) -> Fields | None:
        """An object, or None when it is missing or null."""
        return self.inner(name) if self.has(name) else None

    def each(self, name: str) -> list[Fields]:
        """A list of objects."""
        return [Fields(item, f"{self._at(name)}[{n}]") for n, item in enumerate(self.items(name))]

    def by_name(self, name: str) -> tuple[tuple[str, float], ...]:
        """An object of numbers, as (name, number) in its order."""
        inner = self.inner(name)
        return tuple((key, inner.number(key)) for key in inner.names())

    def _value(self, name: str, default: Any = _MISSING) -> Any:
        value = self.raw(name)
        if value is not None:
            return value
        return self._raise(name, value, "a value") if default is _MISSING else default

    def _at(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def _raise(self, name: str, value: object, expected: str) -> Any:
        raise _wrong(self._at(name), value, expected)


def number(value: object, where: str) -> float:
    """A finite number.

    Raises:
        BadAnswer: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _wrong(where, value, "a number")
    return float(value)


def parsed(body: bytes) -> object:
    """The JSON of an answer.

    Raises:
        BadAnswer: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"The server's answer is no JSON: it begins with {_short(body[:40])}.") from error


def rows(body: bytes, what: str) -> list[Fields]:
    """The JSON of an answer that is a list of objects."""
    found = parsed(body)
    if not isinstance(found, list):
        raise _wrong(what, found, "a list")
    return [Fields(item, f"{what}[{n}]") for n, item in enumerate(found)]


def fixed(value: object) -> Fixed:
    """A JSON value that nobody can change."""
    if isinstance(value, list):
        return tuple(fixed(item) for item in value)
    if isinstance(value, Mapping):
        return tuple((str(name), fixed(item)) for name, item in value.items())
    return value if isinstance(value, (bool, int, float, str)) else None


def _wrong(where: str, got: object, expected: str) -> BadAnswer:
    return BadAnswer(
        f"The server's answer is not what was agreed: {where or 'it'} is {_short(got)}, expected {expected}. "
        "Server and extension may be of different versions."
    )


def _short(value: object) -> str:
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
