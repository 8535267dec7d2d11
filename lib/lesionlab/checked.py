"""From what a client sent to a frozen model, strictly, with an error that a person can act on."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import UnionType
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from lesionlab.errors import InputError
from lesionlab.task import nearest

M = TypeVar("M", bound=BaseModel)

_SHOWN = 80


def shown(value: object) -> str:
    """A value as it appears in an error: ``repr``, cut to a line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def checked(model: type[M], values: object, what: str) -> M:
    """Read ``values`` (as JSON gives them) into ``model``; no type is coerced, except whole numbers to float.

    Args:
        model: a frozen pydantic model.
        values: a mapping from field to value.
        what: what the values are, for the error ("params").

    Raises:
        InputError: names the field, what was got and what was expected; for an unknown field the nearest valid one.
    """
    if not isinstance(values, dict):
        raise InputError(f"{what} is not an object", got=shown(values), expected="names and values in braces")
    try:
        return model.model_validate_json(json.dumps(values), strict=True)
    except (ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise InputError(f"{what} cannot be read", got=type(error).__name__, expected="plain JSON") from error
        raise _explained(model, error, what) from error


def finite_json(text: str | bytes, what: str) -> Any:
    """Parse JSON; NaN, infinities and repeated names are refused.

    Raises:
        InputError: when it is not JSON.
    """
    try:
        return json.loads(
            text, parse_constant=_refuse(what), object_pairs_hook=_distinct(what), parse_float=_float(what)
        )
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{what} is not JSON ({reason})", got=shown(text), expected="a JSON object") from error


def _refuse(what: str) -> Callable[[str], NoReturn]:
    def refuse(constant: str) -> NoReturn:
        raise InputError(f"{what} holds a number that is not finite", got=constant, expected="finite numbers")

    return refuse


def _float(what: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        number = float(text)
        if number in (float("inf"), float("-inf")):
            _refuse(what)(text[:_SHOWN])
        return number

    return parse


def _distinct(what: str) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise InputError(f"{what} gives a name twice", got=shown([name for name, _ in pairs]), expected="each once")
        return found

    return collect


def _explained(model: type[BaseModel], error: ValidationError, what: str) -> InputError:
    # An unknown name first: it is often the reason why another one is missing.
    errors = sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    first = errors[0]
    names = [str(part) for part in first["loc"] if part not in ("float", "int")]
    field = ".".join(names) or what
    if first["type"] == "extra_forbidden":
        valid = sorted(model.model_fields)
        return InputError(
            f"{what}: unknown field {field!r}",
            got=shown(first["input"]),
            expected=f"one of {', '.join(valid)}",
            hint=nearest(field, valid),
        )
    expected = expectation(model, names[0]) if names else first["msg"]
    if first["type"] == "missing" and len(names) == 1:
        return InputError(
            f"{what}: field {field!r} is missing", got=f"only {sorted(first['input'])}", expected=expected
        )
    return InputError(
        f"{what}: field {field!r} is wrong ({first['msg']})", got=shown(first["input"]), expected=expected
    )


def expectation(model: type[BaseModel], name: str) -> str:
    """What a field takes, in words: "3 numbers", "a number", "true or false"."""
    field = model.model_fields.get(name)
    if field is None:
        return "a valid value"
    words = _words(field.annotation)
    bounds = [text for item in field.metadata for text in _bound(item)]
    return " ".join([words, *bounds])


def _bound(item: object) -> list[str]:
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    return [f"{sign} {getattr(item, name)}" for name, sign in signs.items() if getattr(item, name, None) is not None]


_WORDS: dict[object, str] = {
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    str: "text",
    type(None): "nothing (null)",
}


def _words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (UnionType, Union):
        return " or ".join(_words(argument) for argument in arguments)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return f"a list, each item {_words(arguments[0])}"
        return f"a list of {len(arguments)} numbers"
    if hasattr(annotation, "__metadata__"):
        bounds = [text for item in annotation.__metadata__ for text in _annotated(item)]
        return " ".join([_words(arguments[0]), *bounds])
    if str(origin) == "typing.Literal":
        return "one of " + ", ".join(repr(argument) for argument in arguments)
    return _WORDS.get(annotation, "a valid value")


def _annotated(item: object) -> list[str]:
    return [text for part in getattr(item, "metadata", [item]) for text in _bound(part)]
