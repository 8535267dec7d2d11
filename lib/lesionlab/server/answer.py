"""From a task's result to the HTTP answer: a file, JSON, or both in one multipart message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from starlette.responses import JSONResponse, Response
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from lesionlab.errors import InputError
from lesionlab.image.geometry import Geometry
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Result
from lesionlab.server.encode import as_json, encoded
from lesionlab.server.options import AnswerOptions

_BINARY = "application/octet-stream"


class Output(StrEnum):
    """What the client wants back: MONAI Label's three, and the probability map as a file."""

    IMAGE = "image"
    JSON = "json"
    ALL = "all"
    PROBABILITY = "probability"


@dataclass(frozen=True, eq=False)
class Answer:
    """A result on its way out.

    Attributes:
        name: the task's name, for file names.
        labels: what the values of the mask mean.
        geometry: the lattice of the image.
        result: the task's answer, on a crop of that lattice.
        options: how the client wants it.
    """

    name: str
    labels: Mapping[str, int]
    geometry: Geometry
    result: Result
    options: AnswerOptions

    def response(self, output: Output) -> Response:
        """The HTTP answer.

        Raises:
            InputError: a file is wanted that the task did not make.
        """
        if output is Output.JSON:
            return JSONResponse(self.summary(data=True))
        if output is Output.ALL:
            return self._multipart()
        is_mask = output is Output.IMAGE
        part = self.result.label if is_mask else self.result.probability
        if part is None:
            hint = "use output=json" if is_mask else "ask for it with probability=true"
            raise InputError(f"there is no {'mask' if is_mask else 'probability map'} in the answer", hint=hint)
        name = self._filename("" if is_mask else "_probability")
        return Response(
            self._file(part), media_type=_BINARY, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    def summary(self, data: bool) -> dict[str, Any]:
        """The measurements; for a crop also where it lies and, when ``data``, its voxels."""
        found: dict[str, Any] = {**self.result.summary(), "label_names": dict(self.labels)}
        if self.options.result == "crop":
            for name, part in ((self.result.label_name, self.result.label), ("probability", self.result.probability)):
                if part is not None:
                    found[name] = as_json(part, origin_index(part, self.geometry), data)
        return found

    def label(self) -> Volume | None:
        """The mask on the whole lattice of the image."""
        part = self.result.label
        return None if part is None else on_lattice(part, self.geometry)

    def _multipart(self) -> Response:
        fields = [_field("params", None, json.dumps(self.summary(data=False)).encode(), "application/json")]
        if self.result.label is None:
            return JSONResponse(self.summary(data=False))
        # The stock client takes the first file.
        fields.append(_field("image", self._filename(""), self._file(self.result.label), _BINARY))
        if self.result.probability is not None:
            content = self._file(self.result.probability)
            fields.append(_field("probability", self._filename("_probability"), content, _BINARY))
        body, content_type = encode_multipart_formdata(fields)
        return Response(body, media_type=content_type)

    def _file(self, part: Volume) -> bytes:
        whole = part if self.options.result == "crop" else on_lattice(part, self.geometry)
        return encoded(whole, self.options.suffix)

    def _filename(self, ending: str) -> str:
        return f"{self.name}{ending}{self.options.suffix}"


def origin_index(part: Volume, geometry: Geometry) -> tuple[int, int, int]:
    """The index, on the image's lattice, of a crop's first voxel."""
    i, j, k = (round(x) for x in geometry.ras_to_index(part.geometry.index_to_ras((0.0, 0.0, 0.0))))
    return i, j, k


def on_lattice(part: Volume, geometry: Geometry) -> Volume:
    """A crop laid into zeros on the whole lattice; its geometry is exactly that of the image."""
    whole = np.zeros(geometry.shape, dtype=part.array.dtype, order="F")
    start = origin_index(part, geometry)
    whole[tuple(slice(s, s + n) for s, n in zip(start, part.array.shape, strict=True))] = part.array
    return Volume(whole, geometry)


def _field(name: str, filename: str | None, content: bytes, content_type: str) -> RequestField:
    field = RequestField(name, content, filename=filename)
    field.make_multipart(content_type=content_type)
    return field
