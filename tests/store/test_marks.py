"""Marks are Slicer markups, or refused with a reason."""

from __future__ import annotations

import json

import pytest

from lesionlab.errors import InputError, TooLargeError
from lesionlab.store.marks import MOST_BYTES, Marks

POINT = {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": [{"id": "1", "position": [1.0, -2, 3.5]}]}


def content(*markups, **more):
    return json.dumps(
        {"@schema": "https://example.org/markups-schema-v1.0.3.json#", "markups": markups, **more}
    ).encode()


def test_marks_are_kept_as_they_are_sent_and_replaced_at_once(tmp_path):
    marks = Marks(tmp_path / "marks")
    assert marks.images() == frozenset()
    sent = content(POINT, {"type": "Line", "controlPoints": [{"position": None, "positionStatus": "undefined"}]})
    marks.write("a.b", sent)
    assert (tmp_path / "marks" / "a.b.mrk.json").read_bytes() == sent
    marks.write("a.b", content(POINT))
    marks.write("c", content())
    assert marks.images() == {"a.b", "c"}
    assert len(list((tmp_path / "marks").iterdir())) == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "the whole"),
        (b"\xff\xfe", "UTF-8"),
        (b"{}", "markups"),
        (content({"type": "Sphere"}), "markups.0.type"),
        (content({"type": "Line", "controlPoints": [{"position": [1, 2]}]}), "markups.0.controlPoints.0.position"),
        (content({"type": "Line", "controlPoints": [{"position": [1, 2, "x"]}]}), "position.2"),
        (content({"type": "Line", "coordinateSystem": "XYZ"}), "coordinateSystem"),
        (b'{"markups": [{"type": "Line", "controlPoints": [{"position": [1, 2, NaN]}]}]}', "not finite"),
    ],
)
def test_what_is_no_markups_file_is_refused_with_its_place(tmp_path, sent, words):
    marks = Marks(tmp_path / "marks")
    with pytest.raises(InputError, match=words):
        marks.write("a", sent)
    assert marks.images() == frozenset()


def test_marks_have_a_limit(tmp_path):
    with pytest.raises(TooLargeError):
        Marks(tmp_path).write("a", content(note="x" * MOST_BYTES))
