"""Why a task answered as it did: a heat map of the selected lesion, of the candidate looked at, or of the whole image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .checking import BadInput, open_image
from .context import Context
from .heat import HeatMaps
from .loan import Loans
from .prompts import takes_clicks
from .state import ERROR

if TYPE_CHECKING:
    from LesionLabLib.answers import Answer, Crop, Json, TaskInfo
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job

_POINT = "point_mm"
#: What the server's methods are called for people.
TITLES = {
    "gradcam": "Grad-CAM",
    "deepshap": "Deep SHAP",
    "class-model": "Class model",
    "adversarial": "Smallest change",
}


def title_of(method: str) -> str:
    """A method's name for people; a newer server may know others."""
    return TITLES.get(method, method)


class Explaining:
    """What `explain` does."""

    def __init__(self, context: Context, loans: Loans, heat: HeatMaps) -> None:
        self._context = context
        self._loans = loans
        self._heat = heat

    def explain(self, method: str) -> None:
        """Ask the chosen task why; the map is shown when it comes."""
        open_image(self._context)
        task = self._context.state.task_info()
        if task is None or not task.explanations:
            raise BadInput("Choose a task that can explain its answers.")
        if method not in task.explanations:
            raise BadInput(f"{task.title} explains by {', '.join(task.explanations)}; got {method}.")
        what, place = self._place(task)
        known = {field.name for field in task.explain_fields}
        options = {name: value for name, value in self._context.state.options if name in known}
        request: dict[str, Json] = {**options, **place, "explain": method}
        name = f"{title_of(method)}, {what}"
        loan = self._loans.current()

        def work(client: Client, job: Job) -> Answer:
            return loan.ask(client, job, lambda source: client.infer(task.name, source, request, job))

        def done(answer: Answer) -> None:
            self._loans.note(loan)
            self._show(name, method, answer)

        self._context.asking.ask(f"Explaining {what}", work, done, key="explain")

    def _place(self, task: TaskInfo) -> tuple[str, dict[str, Json]]:
        """What is explained, for people, and where it lies."""
        state = self._context.state
        if takes_clicks(task):
            lesion = state.lesion(state.selected)
            if lesion is None:
                raise BadInput(f"{task.title} explains a lesion: choose one.")
            prompt = lesion.prompt
            place: dict[str, Json] = {_POINT: list(prompt.point_mm)}
            if prompt.size_mm is not None:
                place["size_mm"] = prompt.size_mm
            if prompt.exclude_mm:
                place["exclude_mm"] = [list(point) for point in prompt.exclude_mm]
            return lesion.name, place
        if 0 <= state.candidate < len(state.candidates) and any(f.name == _POINT for f in task.explain_fields):
            return f"candidate {state.candidate + 1}", {_POINT: list(state.candidates[state.candidate].point_mm)}
        return task.title, {}

    def _show(self, name: str, method: str, answer: Answer) -> None:
        if answer.heat is None:
            self._context.current.say(ERROR, "The server's answer holds no heat map.")
            return
        self._heat.add(name, warm(method, answer.heat))
        self._heat.show(name)


def warm(method: str, crop: Crop) -> Crop:
    """A map whose values above 0 are what there is to see: of a change its amount, of an image what is above its lowest."""
    voxels = np.asarray(crop.voxels, dtype=np.float32)
    if method == "adversarial":
        return replace(crop, voxels=np.abs(voxels))
    if method == "class-model" and voxels.size:
        return replace(crop, voxels=voxels - voxels.min())
    return crop
