"""What ``params`` may hold besides the task's own fields: how to answer, and what stock clients add."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from lesionlab.checked import checked
from lesionlab.errors import InputError
from lesionlab.kinds.kind import Json, Kind, Method
from lesionlab.server.encode import Suffix
from lesionlab.server.names import check_name
from lesionlab.task import Frozen, nearest

#: Sent by stock MONAI Label clients; without meaning for our tasks.
_IGNORED = frozenset(
    {
        "client_id", "user", "device", "logging", "description", "label", "label_info", "result_dtype",
        "result_compress", "restore_label_idx", "reset_state", "roi", "slice", "largest_cc", "multi_gpu", "gpus",
        "max_workers", "timeout",
    }
)  # fmt: skip
#: The voxel clicks of the stock panel, which a kind may understand.
_STOCK_FIELDS = ("foreground", "background")


class AnswerOptions(Frozen):
    """How the client wants the answer.

    Attributes:
        result: ``crop`` of the image's lattice around the finding, or the ``full`` lattice.
        result_extension: the kind of file; by default ``.nrrd`` for a crop and ``.nii.gz`` for a full label.
        save_label: whether to store the full label in the studies folder too.
        label_tag: the tag to store it under.
        explain: the way in which to explain the answer; the heat map then comes instead of it.
        explain_checks: whether the heat map is checked too, which takes several times as long.
    """

    result: Literal["crop", "full"] = "full"
    result_extension: Suffix | None = None
    save_label: bool = False
    label_tag: str = Field(default="original", min_length=1)
    explain: Method | Literal["none"] = "none"
    explain_checks: bool = False

    @model_validator(mode="after")
    def _check(self) -> AnswerOptions:
        if self.save_label and self.explain != "none":
            raise ValueError("save_label: a heat map is no label; leave explain or save_label out")
        return self

    @property
    def suffix(self) -> Suffix:
        """The kind of file to answer with."""
        if self.result_extension is not None:
            return self.result_extension
        return ".nrrd" if self.result == "crop" else ".nii.gz"


def split(kind: Kind, params: object) -> tuple[AnswerOptions, Json]:
    """Divide ``params`` into how to answer and what is asked of the task.

    Raises:
        InputError: for a field that neither the server nor the task knows, with the nearest one that they do.
    """
    if not isinstance(params, dict):
        raise InputError("params is not an object", got=type(params).__name__, expected="names and values in braces")
    fields = (kind.request_type if params.get("explain", "none") == "none" else kind.explain_type).model_fields
    known = {*AnswerOptions.model_fields, *fields, *_STOCK_FIELDS}
    for name in params:
        if name not in known | _IGNORED:
            raise InputError(
                f"params: unknown field {name[:80]!r}",
                expected=f"one of {', '.join(sorted(known))}",
                hint=nearest(name, sorted(known)),
            )
    options = checked(AnswerOptions, {k: v for k, v in params.items() if k in AnswerOptions.model_fields}, "params")
    check_name(options.label_tag, "label_tag")
    asked: dict[str, Any] = {
        k: v for k, v in params.items() if k not in AnswerOptions.model_fields and k not in _IGNORED
    }
    return options, asked
