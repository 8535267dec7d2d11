"""One click over HTTP, as any client would make it."""

from __future__ import annotations

import base64
import json
import time
import zlib
from dataclasses import dataclass

import numpy as np
import requests

from lesionlab.errors import InternalError
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume

_TIMEOUT_S = 300


@dataclass(frozen=True, eq=False)
class Reply:
    """What came back: the mask (uint8 0/1, a crop of the image's lattice), measurements, and how long it took."""

    mask: Volume
    diameter_mm: float
    volume_mm3: float
    certainty: float
    seconds: float


def click(url: str, task: str, image: str, point_mm: Point, size_mm: float) -> Reply:
    """Ask for the shape of the lesion at a point.

    Raises:
        InternalError: the server refused or answered with something else.
    """
    params = {"point_mm": list(point_mm), "size_mm": size_mm, "result": "crop"}
    session = requests.Session()
    session.trust_env = False
    start = time.perf_counter()
    try:
        response = session.post(
            f"{url}/infer/{task}",
            params={"image": image, "output": "json"},
            data={"params": json.dumps(params)},
            timeout=_TIMEOUT_S,
        )
    except requests.RequestException as error:
        raise InternalError("the server did not answer the click", got=str(error)) from error
    seconds = time.perf_counter() - start
    if not response.ok:
        raise InternalError("the server refused the click", got=f"{response.status_code} {response.text[:300]}")
    try:
        found = response.json()
        return Reply(_mask(found["mask"]), found["diameter_mm"], found["volume_mm3"], found["certainty"], seconds)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise InternalError("the server's answer cannot be read", got=repr(error)) from error


def _mask(part: dict[str, object]) -> Volume:
    i, j, k = (int(n) for n in part["shape"])  # type: ignore[attr-defined]
    values = np.frombuffer(zlib.decompress(base64.b64decode(str(part["data"]))), dtype=str(part["dtype"]))
    return Volume(values.reshape(i, j, k), Geometry((i, j, k), np.asarray(part["affine"], dtype=float)))
