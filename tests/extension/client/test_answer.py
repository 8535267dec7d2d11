"""From the answer of a task to numbers and masks; what does not add up is refused."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest

from LesionLabLib.answers import Anomaly, Candidate, ClassScore, TrackBox
from LesionLabLib.client_answer import answer_of
from LesionLabLib.errors import BadAnswer

AFFINE = [[-1.5, 0, 0, 17.5], [0, 1, 0, -14], [0, 0, 2, 29], [0, 0, 0, 1]]


def packed(array, kind=None):
    little = np.ascontiguousarray(array, np.dtype(kind or array.dtype).newbyteorder("<"))
    return base64.b64encode(zlib.compress(little.tobytes())).decode()


def crop(array, **changes):
    plain = {
        "origin_index": [3, 0, 7],
        "shape": list(array.shape),
        "affine": AFFINE,
        "encoding": "zlib+base64",
        "dtype": str(array.dtype),
        "data": packed(array),
    }
    return {**plain, **changes}


def read(kind="shape", **values):
    return answer_of(json.dumps(values).encode(), kind)


MASK = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "int32"])
def test_a_mask_comes_out_as_it_went_in(kind):
    array = (np.arange(24).reshape(2, 3, 4) * 9).astype(kind)
    mask = read(mask=crop(array)).mask

    assert mask.origin_index == (3, 0, 7)
    assert np.array_equal(mask.affine, AFFINE)
    assert np.array_equal(mask.voxels, array)
    assert mask.voxels.dtype == np.dtype(kind)
    assert mask.voxels.dtype.isnative


@pytest.mark.parametrize("name", ["probability", "heat"])
def test_maps_come_out_as_they_went_in(name):
    array = np.random.default_rng(1).random((2, 3, 4)).astype(np.float32)
    answer = read(**{name: crop(array)})

    assert np.array_equal(getattr(answer, name).voxels, array)
    assert answer.mask is None


def test_the_voxels_of_an_answer_cannot_be_changed_by_accident():
    mask = read(mask=crop(MASK)).mask
    with pytest.raises(ValueError, match="read-only"):
        mask.voxels[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        mask.affine[0, 0] = 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"data": packed(MASK[:1])}, "are 12 bytes, its box needs 24"),
        ({"data": packed(np.zeros(1 << 20, np.uint8))}, "are more than 24 bytes"),
        ({"data": packed(MASK)[:-8]}, "unpacked|bytes"),
        ({"data": base64.b64encode(zlib.compress(MASK.tobytes())[:-5]).decode()}, "unpacked|24"),
        ({"data": "!!!"}, "unpacked"),
        ({"data": "AAAA"}, "unpacked"),
        ({"data": ""}, "unpacked|0 bytes"),
        ({"data": 3}, "mask.data is 3"),
        ({"shape": [2, 3]}, "shape"),
        ({"shape": [0, 3, 4]}, "shape"),
        ({"shape": [-2, -3, 4]}, "shape"),
        ({"shape": [2.0, 3, 4]}, "shape"),
        ({"shape": [True, 3, 4]}, "shape"),
        ({"shape": [1 << 20, 1 << 20, 1 << 20]}, "too large"),
        ({"origin_index": [-1, 0, 0]}, "origin_index"),
        ({"origin_index": None}, "origin_index"),
        ({"affine": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}, "4x4"),
        ({"affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]}, "flat"),
        ({"affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]}, "4x4"),
        ({"affine": [[1, 0, 0, None], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}, "affine"),
        ({"affine": "identity"}, "affine"),
        ({"dtype": "float32"}, "float32"),
        ({"dtype": "object"}, "object"),
        ({"dtype": None}, "dtype"),
        ({"encoding": "gzip"}, "gzip"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_mask_that_does_not_add_up_is_refused(change, why):
    with pytest.raises(BadAnswer, match=why):
        read(mask=crop(MASK, **change))


def test_a_map_with_numbers_that_are_none_is_refused():
    with pytest.raises(BadAnswer, match="heat"):
        read(heat=crop(np.array([[[np.nan, 1.0]]], np.float32)))


def test_measurements_of_a_lesion():
    answer = read(
        diameter_mm=12.5, volume_mm3=800, size_mm=12.0, size_given=True, certainty=0.81, model_version="v3",
        label_names={"lesion": 1}, news_from_a_newer_server=[1, 2],
    )  # fmt: skip

    assert (answer.kind, answer.diameter_mm, answer.volume_mm3, answer.size_mm) == ("shape", 12.5, 800.0, 12.0)
    assert (answer.size_given, answer.certainty, answer.model_version) == (True, 0.81, "v3")
    assert answer.label_names == (("lesion", 1),)


def test_what_is_not_in_an_answer_is_none_or_empty():
    answer = read()

    assert answer.size_given is answer.diameter_mm is answer.anomaly is answer.mask is None
    assert answer.candidates == answer.scores == answer.track == answer.measurements == ()


def test_candidates_of_a_detector_stay_in_their_order():
    first = {"point_mm": [1, 2, 3.5], "size_mm": 6, "confidence": 0.9}
    second = {"point_mm": [4, 5, 6], "size_mm": None, "confidence": 0.2}
    answer = read("detect", candidates=[first, second])

    assert answer.candidates == (Candidate((1.0, 2.0, 3.5), 6.0, 0.9), Candidate((4.0, 5.0, 6.0), None, 0.2))


def test_scores_of_a_classifier():
    answer = read("classify", scores={"benign": 0.25, "malignant": 0.75}, label="malignant", certainty=0.5)

    assert answer.scores == (ClassScore("benign", 0.25), ClassScore("malignant", 0.75))
    assert (answer.label, answer.certainty) == ("malignant", 0.5)


def test_regions_of_a_segmentation():
    answer = read("segment", measurements={"dense_percent": 31.5}, label_names={"breast": 1, "dense": 2})

    assert answer.measurements == (("dense_percent", 31.5),)
    assert answer.label_names == (("breast", 1), ("dense", 2))


def test_the_percentile_of_an_anomaly():
    assert read("anomaly", score=3.25, percentile=99).anomaly == Anomaly(3.25, 99.0)


def test_the_track_of_a_video():
    box = {"frame": 4, "box": [1, 2, 30.5, 40], "confidence": 0.5}

    assert read("video", track=[box]).track == (TrackBox(4, (1.0, 2.0, 30.5, 40.0), 0.5),)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"diameter_mm": "12"}, "diameter_mm is '12', expected a number"),
        ({"certainty": True}, "certainty is True"),
        ({"size_given": 1}, "size_given is 1, expected true or false"),
        ({"candidates": [{"point_mm": [1, 2], "confidence": 1}]}, "point_mm is .1, 2., expected 3 numbers"),
        ({"candidates": [{"point_mm": [1, 2, 3]}]}, "confidence is missing"),
        ({"scores": {"a": "b"}}, "scores.a is 'b'"),
        ({"scores": [0.5]}, "scores is .0.5., expected an object"),
        ({"track": [{"frame": 1.5, "box": [1, 2, 3, 4], "confidence": 1}]}, "frame is 1.5"),
        ({"label_names": {"a": "b"}}, "label_names.a"),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_named_by_its_place(values, place):
    with pytest.raises(BadAnswer, match=place):
        read(**values)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(BadAnswer, match="diameter_mm"):
        answer_of(b'{"diameter_mm": NaN}', "shape")
    with pytest.raises(BadAnswer):
        answer_of(b'{"diameter_mm": 1e999}', "shape")
