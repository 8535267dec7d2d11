"""From the JSON of ``POST /infer`` to an `Answer`."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np

from .answers import Anomaly, Answer, Candidate, ClassScore, Crop, TrackBox
from .client_fields import Fields, parsed
from .errors import BadAnswer

_WHOLE = ("uint8", "int8", "bool", "uint16", "int16", "uint32", "int32")
_REAL = ("float32", "float64")
_MOST_BYTES = 1 << 32


def answer_of(body: bytes, kind: str) -> Answer:
    """The answer of a task of that kind.

    Raises:
        BadAnswer: it is not as agreed: a wrong type, a mask that does not fill its box.
    """
    fields = Fields(parsed(body), "")
    labels = fields.inner("label_names")
    return Answer(
        kind=kind,
        mask=_crop(fields, "mask", _WHOLE),
        probability=_crop(fields, "probability", _REAL),
        heat=_crop(fields, "heat", _REAL),
        diameter_mm=fields.number("diameter_mm", None),
        volume_mm3=fields.number("volume_mm3", None),
        size_mm=fields.number("size_mm", None),
        size_given=fields.flag("size_given", None),
        certainty=fields.number("certainty", None),
        model_version=fields.text("model_version", ""),
        label_names=tuple((name, labels.whole(name)) for name in labels.names()),
        measurements=fields.by_name("measurements"),
        candidates=tuple(_candidate(item) for item in fields.each("candidates")),
        scores=tuple(ClassScore(name, value) for name, value in fields.by_name("scores")),
        label=fields.text("label", ""),
        anomaly=_anomaly(fields),
        track=tuple(_track_box(item) for item in fields.each("track")),
    )


def _candidate(fields: Fields) -> Candidate:
    return Candidate(fields.point("point_mm"), fields.number("size_mm", None), fields.number("confidence"))


def _anomaly(fields: Fields) -> Anomaly | None:
    if not fields.has("score"):
        return None
    return Anomaly(fields.number("score"), fields.number("percentile", None))


def _track_box(fields: Fields) -> TrackBox:
    x0, y0, x1, y1 = fields.numbers("box", 4)
    return TrackBox(fields.whole("frame"), (x0, y0, x1, y1), fields.number("confidence"))


def _crop(fields: Fields, name: str, types: tuple[str, ...]) -> Crop | None:
    crop = fields.optional(name)
    if crop is None:
        return None
    origin, shape = _triple(crop, "origin_index", name, 0), _triple(crop, "shape", name, 1)
    return Crop(origin, _affine(crop, name), _voxels(crop, shape, name, types))


def _triple(crop: Fields, key: str, name: str, least: int) -> tuple[int, int, int]:
    values = crop.items(key)
    if len(values) != 3 or not all(type(value) is int and least <= value < 1 << 31 for value in values):
        raise _bad(name, f"its {key} is {values}, expected three whole numbers from {least} on")
    i, j, k = values
    return i, j, k


def _affine(crop: Fields, name: str) -> np.ndarray:
    try:
        affine = np.array(crop.items("affine"), dtype=float)
    except (ValueError, TypeError) as error:
        raise _bad(name, "its affine holds something else than numbers") from error
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or not np.array_equal(affine[3], (0, 0, 0, 1)):
        raise _bad(name, "its affine is no 4x4 matrix of a lattice")
    if not abs(np.linalg.det(affine[:3, :3])) > 0:
        raise _bad(name, "its affine is flat")
    affine.setflags(write=False)
    return affine


def _voxels(crop: Fields, shape: tuple[int, int, int], name: str, types: tuple[str, ...]) -> np.ndarray:
    kind, packing = crop.text("dtype"), crop.text("encoding", "zlib+base64")
    if kind not in types:
        raise _bad(name, f"its voxels are of type {kind!r}, expected one of {', '.join(types)}")
    if packing != "zlib+base64":
        raise _bad(name, f"it is packed as {packing!r}, expected 'zlib+base64'")
    little = np.dtype(kind).newbyteorder("<")
    size = shape[0] * shape[1] * shape[2] * little.itemsize
    if size > _MOST_BYTES:
        raise _bad(name, f"its box of {shape} voxels is too large")
    array = np.frombuffer(_unpacked(crop.text("data"), size, name), little).reshape(shape)
    if little.kind == "f" and not np.isfinite(array).all():
        raise _bad(name, "it holds numbers that are none")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _unpacked(text: str, size: int, name: str) -> bytes:
    """The bytes, never more than announced: a few packed bytes could fill the memory."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise _bad(name, "its voxels cannot be unpacked") from error
    if len(data) != size or not unpacker.eof:
        got = f"more than {size}" if len(data) > size else str(len(data))
        raise _bad(name, f"its voxels are {got} bytes, its box needs {size}")
    return data


def _bad(name: str, why: str) -> BadAnswer:
    return BadAnswer(f"The server's {name} cannot be used: {why}.")
