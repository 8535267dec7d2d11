"""The server's tasks: one is chosen, with its options, and run on the whole image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .candidates import Candidates
from .checking import BadInput, open_image
from .context import Context
from .heat import HeatMaps
from .history import History
from .lesions import Lesions
from .loan import Loans
from .placing import Placing
from .prompts import takes_clicks
from .state import INFO, Value

if TYPE_CHECKING:
    from LesionLabLib.answers import Answer, Crop, RequestField, TaskInfo
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job


class Tasks:
    """What `run` does."""

    def __init__(
        self,
        context: Context,
        loans: Loans,
        history: History,
        lesions: Lesions,
        placing: Placing,
        candidates: Candidates,
        heat: HeatMaps,
    ) -> None:
        self._context = context
        self._history = history
        self._loans = loans
        self._lesions = lesions
        self._placing = placing
        self._candidates = candidates
        self._heat = heat

    def choose(self, name: str) -> None:
        """Choose a task."""
        if all(task.name != name for task in self._context.state.tasks):
            raise BadInput(f"This server has no task '{name}'.")
        if name != self._context.state.task:
            self._context.current.change(task=name, options=(), versions=())
            self._heat.offer()

    def set_option(self, field: str, value: Value) -> None:
        """Set a field of the request; None takes it back to its default."""
        task = self._chosen()
        about = task.field(field)
        if about is None:
            raise BadInput(f"{task.title} has no option '{field}'.")
        options = dict(self._context.state.options)
        if value is None:
            options.pop(field, None)
        else:
            _check(about, value)
            options[field] = value
        self._context.current.change(options=tuple(options.items()))

    def run(self) -> None:
        """Run the chosen task; one that takes clicks asks again for the selected lesion."""
        task = self._chosen()
        open_image(self._context)
        if takes_clicks(task):
            if not self._context.state.selected:
                raise BadInput(f"{task.title} needs a point: place one, or choose a lesion.")
            self._lesions.run_again(self._context.state.selected)
            return
        loan, request = self._loans.current(), dict(self._context.state.options)

        def work(client: Client, job: Job) -> Answer:
            return loan.ask(client, job, lambda source: client.infer(task.name, source, request, job))

        def done(answer: Answer) -> None:
            self._loans.note(loan)
            self._show(task, answer)

        self._context.asking.ask(f"Running {task.title}", work, done, key=f"run {task.name}")

    def _chosen(self) -> TaskInfo:
        task = self._context.state.task_info()
        if task is None:
            raise BadInput("Choose a task first.")
        return task

    def _show(self, task: TaskInfo, answer: Answer) -> None:
        current = self._context.current
        measurements = answer.measurements
        current.change(
            candidates=answer.candidates,
            scores=answer.scores,
            label=answer.label,
            certainty=answer.certainty,
            measurements=measurements,
            anomaly=answer.anomaly,
            track=answer.track,
        )
        self._candidates.show()
        for crop, what in ((answer.heat, task.title), (answer.probability, f"{task.title}, probability")):
            if crop is not None:
                self._heat.add(what, crop)
        if answer.mask is not None and answer.mask.voxels.any():
            self._outline(answer, answer.mask)
        if task.kind == "detect" and not answer.candidates:
            current.say(INFO, f"{task.title} found nothing in this image.")

    def _outline(self, answer: Answer, mask: Crop) -> None:
        names = {value: name for name, value in answer.label_names}
        with self._history.step():
            for value in (int(number) for number in np.unique(mask.voxels) if number != 0):
                part = replace(mask, voxels=(mask.voxels == value).astype(np.uint8))
                self._placing.add_region(part, names.get(value, f"Region {value}"))


def _check(about: RequestField, value: Value) -> None:
    if about.choices and value not in about.choices:
        raise BadInput(f"{about.name} is one of {', '.join(map(str, about.choices))}; got {value}.")
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if about.type in {"number", "integer"} and not number:
        raise BadInput(f"{about.name} is a number; got {value!r}.")
    if not number:
        return
    assert isinstance(value, (int, float))
    low, high = about.minimum, about.maximum
    if low is not None and (value < low or (value == low and not about.minimum_allowed)):
        raise BadInput(
            f"{about.name} must be {'at least' if about.minimum_allowed else 'above'} {low:g}; got {value:g}."
        )
    if high is not None and (value > high or (value == high and not about.maximum_allowed)):
        raise BadInput(
            f"{about.name} must be {'at most' if about.maximum_allowed else 'below'} {high:g}; got {value:g}."
        )
