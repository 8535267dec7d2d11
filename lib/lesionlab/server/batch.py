"""One task on many images."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from monailabel.interfaces.tasks.batch_infer import BatchInferTask

from lesionlab.errors import LesionLabError

logger = logging.getLogger(__name__)


class Batch(BatchInferTask):  # type: ignore[misc]
    """Runs a task over images one after another; an image that cannot be answered does not stop the rest."""

    def __call__(self, request: dict[str, Any], datastore: Any, infer: Callable[..., Any]) -> dict[str, Any]:
        """The answer or the error of each image, by its name."""
        images = sorted(self.get_images(request, datastore))
        limit = request.get("max_batch_size", 0)
        results: dict[str, Any] = {}
        for image in images[:limit] if limit > 0 else images:
            try:
                results[image] = infer({**request, "image": image, "save_label": True}, datastore)
            except LesionLabError as error:
                logger.warning("%s: %s", image, error.message)
                results[image] = {"error": error.message}
        return results
