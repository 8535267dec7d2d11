"""How likely a ``detect`` model finds an image diseased: as likely as its most certain candidate."""

from __future__ import annotations

from collections.abc import Sequence

from lesionlab.errors import InputError
from lesionlab.kinds.detect.images import marked_images
from lesionlab.kinds.detect.model import DetectModel
from lesionlab.kinds.detect.result import DetectResult
from lesionlab.kinds.detect.task import DetectRequest
from lesionlab.kinds.exhibits import Rating
from lesionlab.kinds.kind import Model
from lesionlab.progress import Progress, Report
from lesionlab.store.cases import Case


def ratings(model: Model, cases: Sequence[Case], report: Report) -> tuple[Rating, ...]:
    """One for each image; without a candidate the score is 0."""
    total = len({case.image for case in cases})
    rated: list[Rating] = []
    for image in marked_images(cases, model.task if isinstance(model, DetectModel) else None):
        result = model.predict(image.volume, DetectRequest(confidence=0.0, maximum=1))
        if not isinstance(result, DetectResult):
            raise InputError("the model is not one of a detect task", got=type(result).__name__)
        score = max((candidate.confidence for candidate in result.candidates), default=0.0)
        called = any(c.confidence >= result.operating_points[c.lesion_class] for c in result.candidates)
        rated.append(Rating(image.path.name, image.patient, bool(image.lesions), score, called))
        report(Progress(len(rated), total, image.path.name))
    return tuple(rated)
