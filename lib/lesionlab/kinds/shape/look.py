"""A look at an unlabelled lesion, for active learning."""

from __future__ import annotations

from lesionlab.errors import InputError
from lesionlab.image.volume import Volume
from lesionlab.kinds.kind import Look, Model
from lesionlab.kinds.shape.model import ShapeModel
from lesionlab.kinds.shape.task import ShapeRequest
from lesionlab.store.cases import Case


def look(model: Model, case: Case, volume: Volume) -> Look | None:
    """How unsure the model is of the lesion at the case's point, and what its network sees there; None without a point.

    The uncertainty is 1 - certainty: the share of the Dice that is expected to be missing, of the lesion alone.

    Raises:
        InputError: the point or the size does not fit the image.
    """
    if not isinstance(model, ShapeModel):
        raise InputError("the model is not one of a shape task", got=type(model).__name__)
    if case.point_mm is None:
        return None
    result = model.predict(volume, ShapeRequest(point_mm=case.point_mm, size_mm=case.size_mm))
    return Look(1 - result.certainty, model.features(volume, case.point_mm, result.size_mm), result)
