"""The handshake, and what is learnt from it."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from lesionlab.kinds.shape.task import ShapeRequest
from LesionLabLib.answers import RequestField, ServerInfo, TaskInfo
from LesionLabLib.client import Client
from LesionLabLib.client_info import request_fields
from LesionLabLib.errors import BadAnswer, NotOurs, Refused, ServerLost
from tests.extension.client.info import INFO
from tests.extension.client.stage import answers, stage


def handshake(body, status="200 OK"):
    with stage(answers(body, status)) as server:
        return Client(server.url).server()


def test_a_server_of_ours_says_what_it_can_do():
    info = handshake(INFO)

    ball = TaskInfo(
        "ball", "Balls", "shape", "A ball at each click.", ("CT", "MR"), ("lesion",), 3, "v2",
        (RequestField("point_mm", "array", required=True),), ("gradcam",), (RequestField("size_mm", "number"),),
    )  # fmt: skip
    bare = TaskInfo("bare", "bare", "")
    assert info == ServerInfo(info.url, "0.1.0", 1, (ball, bare), ("first", "random"), ("ball",))


def without(name):
    return {key: value for key, value in INFO.items() if key != name}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (without("lesionlab"), "MONAI Label server without LesionLab"),
        (without("models"), "no LesionLab server"),
        ({**INFO, "lesionlab": {"version": "9.0", "api": 2}}, "Update the extension"),
        ({**INFO, "lesionlab": {"version": "0.0", "api": 0}}, "Update the server"),
        (b"<html>Welcome to nginx!</html>", "no LesionLab server"),
        (b"", "no LesionLab server"),
        ([], "no LesionLab server"),
        ({"models": 3}, "no LesionLab server"),
    ],
)
def test_what_is_no_server_of_ours_is_told_apart(body, words):
    with pytest.raises(NotOurs, match=words):
        handshake(body)


def test_a_web_server_without_our_page_is_no_server_of_ours():
    with pytest.raises(NotOurs, match="no LesionLab server"):
        handshake(b"<h1>Not Found</h1>", "404 Not Found")


def test_a_server_that_refuses_or_is_away_is_not_called_foreign():
    with pytest.raises(Refused, match="token"):
        handshake({"detail": "the token is missing"}, "401 Unauthorized")
    with pytest.raises(ServerLost):
        handshake(b"", "503 Service Unavailable")


@pytest.mark.parametrize(
    "change",
    [
        {"lesionlab": {"version": 1, "api": 1}},
        {"lesionlab": {"version": "0.1.0", "api": True}},
        {"models": {"ball": 3}},
        {"models": {"ball": {"request": []}}},
        {"models": {"ball": {"request": {"properties": {"x": 3}}}}},
        {"models": {"ball": {"modalities": [3]}}},
        {"strategies": 7},
    ],
    ids=str,
)
def test_a_server_of_ours_that_talks_nonsense_is_told_so(change):
    if change == {"models": {"ball": {"request": []}}}:
        assert handshake({**INFO, **change}).tasks[0].fields == ()
        return
    with pytest.raises(BadAnswer):
        handshake({**INFO, **change})


# Request fields


def test_the_fields_of_a_click_are_read_from_the_tasks_own_schema():
    point, size, exclude, probability = request_fields(ShapeRequest.model_json_schema())

    assert point == RequestField("point_mm", "point", required=True)
    assert size == RequestField("size_mm", "number", minimum=0.0, minimum_allowed=False, nullable=True)
    assert exclude == RequestField("exclude_mm", "points", default=())
    assert probability == RequestField("probability", "boolean", default=False)


class Deeper(BaseModel):
    x: int


class Colour(BaseModel):
    """Everything that a request field may be."""

    share: float = Field(default=0.5, ge=0, lt=1, description="From 0 to 1.")
    count: Annotated[int, Field(gt=0, le=9)] | None = None
    mode: Literal["quick", "exact"] = "quick"
    one: Literal["only"] = "only"
    names: list[str] = ["a"]
    inner: Deeper = Deeper(x=3)


def test_every_form_of_a_field_has_its_type_bounds_and_choices():
    share, count, mode, one, names, inner = request_fields(Colour.model_json_schema())

    assert share == RequestField(
        "share", "number", False, 0.5, 0.0, 1.0, description="From 0 to 1.", maximum_allowed=False
    )
    assert count == RequestField("count", "integer", False, None, 0.0, 9.0, nullable=True, minimum_allowed=False)
    assert mode == RequestField("mode", "string", default="quick", choices=("quick", "exact"))
    assert one == RequestField("one", "string", default="only", choices=("only",))
    assert names == RequestField("names", "array", default=("a",))
    assert inner == RequestField("inner", "object", default=(("x", 3),))


def test_a_choice_that_is_defined_elsewhere_is_followed_and_circles_end():
    schema = {
        "$defs": {"Mode": {"enum": ["a", "b"], "type": "string", "description": "Which."}, "Round": {"$ref": "#/$defs/Round"}},
        "properties": {
            "mode": {"$ref": "#/$defs/Mode", "default": "b"},
            "maybe": {"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}]},
            "all": {"allOf": [{"$ref": "#/$defs/Mode"}]},
            "round": {"$ref": "#/$defs/Round"},
        },
    }  # fmt: skip
    mode, maybe, every, circle = request_fields(schema)

    assert mode == RequestField("mode", "string", default="b", choices=("a", "b"), description="Which.")
    assert (maybe.choices, maybe.nullable, maybe.description) == (("a", "b"), True, "Which.")
    assert (every.choices, every.nullable) == (("a", "b"), False)
    assert circle == RequestField("round", "any")
