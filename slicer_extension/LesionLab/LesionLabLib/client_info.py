"""The handshake: from ``GET /info/`` to what the server is and what its tasks may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answers import RequestField, ServerInfo, TaskInfo
from .client_fields import Fields, fixed, parsed
from .errors import BadAnswer, NotOurs

#: The version of the HTTP interface that this extension speaks.
API = 1


def server_info(body: bytes, url: str) -> ServerInfo:
    """What the server says of itself.

    Raises:
        NotOurs: it is no LesionLab server, or one of another API version.
        BadAnswer: it is ours, but the answer makes no sense.
    """
    try:
        found = parsed(body)
    except BadAnswer as error:
        raise NotOurs(f"What answers at {url} is no LesionLab server.") from error
    if not isinstance(found, Mapping) or not isinstance(found.get("models"), (Mapping, list)):
        raise NotOurs(f"What answers at {url} is no LesionLab server.")
    if not isinstance(found.get("lesionlab"), Mapping):
        raise NotOurs(f"The server at {url} is a MONAI Label server without LesionLab. Start it by: lesionlab serve")
    info = Fields(found, "")
    ours = info.inner("lesionlab")
    version, api = ours.text("version"), ours.whole("api")
    if api != API:
        which = "the extension" if api > API else "the server"
        raise NotOurs(
            f"The server at {url} (LesionLab {version}) speaks version {api} of the interface, this extension version {API}. "
            f"Update {which}."
        )
    models = info.inner("models")
    tasks = tuple(_task(name, models.inner(name)) for name in models.names())
    return ServerInfo(url, version, api, tasks, info.texts("strategies"), info.texts("trainers"))


def _task(name: str, fields: Fields) -> TaskInfo:
    explain = fields.inner("explain")
    return TaskInfo(
        name=name,
        title=fields.text("title", name),
        kind=fields.text("kind", ""),
        description=fields.text("description", ""),
        modalities=fields.texts("modalities"),
        labels=fields.texts("labels"),
        dimension=fields.whole("dimension", 3),
        version=fields.text("version", ""),
        fields=request_fields(fields.raw("request") or {}),
        explanations=explain.texts("methods"),
        explain_fields=request_fields(explain.raw("request") or {}),
    )


def request_fields(schema: object) -> tuple[RequestField, ...]:
    """The fields of a request from its JSON schema, in their order.

    Raises:
        BadAnswer: the schema is none.
    """
    whole = Fields(schema, "request")
    properties, required = whole.inner("properties"), set(whole.texts("required"))
    return tuple(_field(name, properties.raw(name), name in required, whole) for name in properties.names())


def _field(name: str, schema: Any, required: bool, whole: Fields) -> RequestField:
    given = Fields(schema, f"request.{name}")
    forms = [_resolved(form, whole) for form in given.items("anyOf") or given.items("oneOf")]
    values = [form for form in forms if form.get("type") != "null"]
    merged = {**(values[0] if len(values) == 1 else {}), **_resolved(schema, whole)}
    own = Fields(merged, f"request.{name}")
    least, most = own.number("minimum", None), own.number("maximum", None)
    above, below = own.number("exclusiveMinimum", None), own.number("exclusiveMaximum", None)
    return RequestField(
        name=name,
        type=_type(merged, whole),
        required=required,
        default=fixed(merged.get("default")),
        minimum=above if above is not None else least,
        maximum=below if below is not None else most,
        choices=tuple(fixed(choice) for choice in _choices(merged)),
        description=own.text("description", ""),
        nullable=len(values) < len(forms),
        minimum_allowed=above is None,
        maximum_allowed=below is None,
    )


def _resolved(schema: Any, whole: Fields, depth: int = 8) -> dict[str, Any]:
    """A schema with what it refers to (``$ref``, a single ``allOf``) written out."""
    if not isinstance(schema, Mapping) or depth == 0:
        return {}
    every = schema.get("allOf")
    inner = every[0] if isinstance(every, list) and len(every) == 1 else None
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        inner = whole.inner("$defs").raw(reference[len("#/$defs/") :])
    return {**_resolved(inner, whole, depth - 1), **{k: v for k, v in schema.items() if k not in {"allOf", "$ref"}}}


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    choices = schema.get("enum")
    return choices if isinstance(choices, list) else []


def _type(schema: Mapping[str, Any], whole: Fields) -> str:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "array":
        return kind
    if kind == "array":
        if _is_point(schema):
            return "point"
        return "points" if _is_point(_resolved(schema.get("items"), whole)) else "array"
    choices = _choices(schema)
    return "string" if choices and all(isinstance(choice, str) for choice in choices) else "any"


def _is_point(schema: Mapping[str, Any]) -> bool:
    parts = schema.get("prefixItems") or [schema.get("items")]
    numbers = all(isinstance(part, Mapping) and part.get("type") == "number" for part in parts)
    return numbers and schema.get("minItems") == schema.get("maxItems") == 3
