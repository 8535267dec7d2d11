"""A mask for every prompt: asked of the server at once, remembered, and shown if it is still wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from LesionLabLib.errors import Cancelled, ExtensionError, Replaced, ServerLost

from .asking import plain
from .context import Context
from .known import Key, KnownAnswers
from .loan import Loans
from .state import DONE, ERROR, FAILED, ISODOSE, REGION, RUNNING, WAITING, Lesion, Prompt

if TYPE_CHECKING:
    from LesionLabLib.answers import Answer, Json, TaskInfo
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job, Ticket

#: The request field that makes a task one that takes clicks, and the one that asks for its probability map.
_POINT, _PROBABILITY = "point_mm", "probability"
_NOT_CONNECTED = "Not asked yet: there is no server. It is asked as soon as one answers."


def takes_clicks(task: TaskInfo) -> bool:
    """Whether a task wants to know a point."""
    return task.field(_POINT) is not None


@dataclass(eq=False)
class _Question:
    """What is being asked for a lesion."""

    key: Key
    ticket: Ticket | None = None

    @property
    def lesion_id(self) -> str:
        """Whose mask."""
        return self.key.lesion_id

    @property
    def prompt(self) -> Prompt:
        """With what."""
        return self.key.prompt


class Prompts:
    """Asks for masks.

    Attributes:
        known: answers that came already.
        want_probability: ask for probability maps too.
    """

    def __init__(self, context: Context, loans: Loans) -> None:
        self._context = context
        self._loans = loans
        self._asked: dict[str, _Question] = {}
        self.known = KnownAnswers()
        self.want_probability = False

    def task(self) -> TaskInfo | None:
        """The task that clicks ask: the chosen one if it takes clicks, or else the first that does."""
        state = self._context.state
        chosen = state.task_info()
        if chosen is not None and takes_clicks(chosen):
            return chosen
        return next((task for task in state.tasks if takes_clicks(task)), None)

    def ask(self, lesion_id: str, again: bool = False) -> None:
        """Get the mask of a lesion; one that is known is shown without asking, unless ``again``."""
        lesion = self._context.state.lesion(lesion_id)
        if lesion is None or lesion.frozen or lesion.shape in {ISODOSE, REGION}:
            return
        task = self.task()
        known = None if task is None else self.known.get(self._key(lesion, task))
        if known is not None and not again:
            self._withdraw(lesion_id)
            self._apply(lesion, known, DONE)
            return
        if not self._context.asking.ready:
            self._put(lesion, WAITING, _NOT_CONNECTED)
            return
        if task is None:
            self._put(lesion, FAILED, "This server has no task that makes a mask of a click.")
            return
        self._send(lesion, task)

    def resume(self) -> None:
        """Ask for every mask that is neither known nor asked for, and give up what nobody waits for any more."""
        for question in tuple(self._asked.values()):
            lesion = self._context.state.lesion(question.lesion_id)
            if lesion is None or lesion.prompt != question.prompt:
                self._withdraw(question.lesion_id)
        for lesion in self._context.state.lesions:
            if lesion.status in {WAITING, RUNNING} and lesion.id not in self._asked:
                self.ask(lesion.id)

    def suspend(self) -> None:
        """The server is gone: what is being asked waits."""
        self._asked.clear()
        for lesion in self._context.state.lesions:
            if lesion.status == RUNNING:
                self._put(lesion, WAITING, _NOT_CONNECTED)

    def forget(self) -> None:
        """Another image: nothing of this one is asked or known any more."""
        for lesion_id in tuple(self._asked):
            self._withdraw(lesion_id)
        self.known.forget()

    def drop(self, lesion_id: str) -> None:
        """The lesion is deleted; its answers stay known for an undo."""
        self._withdraw(lesion_id)

    def _key(self, lesion: Lesion, task: TaskInfo) -> Key:
        state = self._context.state
        return Key(lesion.id, lesion.prompt, task.name, state.options if task.name == state.task else ())

    def _send(self, lesion: Lesion, task: TaskInfo) -> None:
        loan = self._loans.current()
        request = self._request(lesion, task)
        question = _Question(self._key(lesion, task))
        self._withdraw(lesion.id, running_too=False)
        self._asked[lesion.id] = question
        self._put(lesion, RUNNING)

        def work(client: Client, job: Job) -> Answer:
            return loan.ask(client, job, lambda source: client.infer(task.name, source, request, job))

        def done(answer: Answer) -> None:
            self._loans.note(loan)
            self._answered(question, answer)

        question.ticket = self._context.asking.ask(
            f"Outlining {lesion.name}", work, done, lambda error: self._went_wrong(question, error), f"mask {lesion.id}"
        )

    def _request(self, lesion: Lesion, task: TaskInfo) -> dict[str, Json]:
        state = self._context.state
        request: dict[str, Json] = dict(state.options) if task.name == state.task else {}
        prompt = lesion.prompt
        request[_POINT] = list(prompt.point_mm)
        if prompt.size_mm is not None:
            request["size_mm"] = prompt.size_mm
        if prompt.exclude_mm:
            request["exclude_mm"] = [list(point) for point in prompt.exclude_mm]
        if self.want_probability and task.field(_PROBABILITY) is not None:
            request[_PROBABILITY] = True
        return request

    def _answered(self, question: _Question, answer: Answer) -> None:
        latest = self._asked.get(question.lesion_id) is question
        if latest:
            del self._asked[question.lesion_id]
        lesion = self._context.state.lesion(question.lesion_id)
        if answer.mask is None:
            if latest and lesion is not None:
                self._put(lesion, FAILED, "The server's answer holds no mask.")
            return
        self.known.learn(question.key, answer)
        if lesion is None or lesion.frozen:
            return
        if lesion.prompt == question.prompt:
            self._apply(lesion, answer, DONE if latest or lesion.status != RUNNING else RUNNING)
        elif self._is_nudge(lesion, question):
            # The slider moves on while the server answers: show what is known until the latest answer is there.
            self._apply(lesion, answer, RUNNING)

    def _is_nudge(self, lesion: Lesion, question: _Question) -> bool:
        asked = self._asked.get(lesion.id)
        return (
            lesion.status == RUNNING
            and asked is not None
            and asked.prompt == lesion.prompt
            and replace(question.prompt, size_mm=lesion.prompt.size_mm) == lesion.prompt
        )

    def _apply(self, lesion: Lesion, answer: Answer, status: str) -> None:
        assert answer.mask is not None
        try:
            self._context.scene.set_mask(lesion.id, answer.mask, lesion.colour, lesion.name)
        except ExtensionError as error:
            self._put(lesion, FAILED, plain(error))
            return
        found = bool(answer.mask.voxels.any())
        # A size that was left out becomes the one that the server settled on.
        size_mm = lesion.size_mm if lesion.size_given or answer.size_mm is None else answer.size_mm
        changed = replace(
            lesion,
            status=status,
            message="" if found else "The model found nothing here.",
            size_mm=size_mm,
            diameter_mm=answer.diameter_mm,
            volume_mm3=answer.volume_mm3,
            certainty=answer.certainty,
            model_version=answer.model_version,
        )
        if size_mm != lesion.size_mm:
            self._context.scene.show_mark(changed)
        self._context.current.put_lesion(changed)

    def _went_wrong(self, question: _Question, error: Exception) -> None:
        if isinstance(error, Replaced) or self._asked.get(question.lesion_id) is not question:
            return
        del self._asked[question.lesion_id]
        lesion = self._context.state.lesion(question.lesion_id)
        if lesion is None or lesion.prompt != question.prompt:
            return
        if isinstance(error, ServerLost):
            self._put(lesion, WAITING, _NOT_CONNECTED)
            return
        self._put(lesion, FAILED, plain(error))
        if not isinstance(error, Cancelled):
            self._context.current.say(ERROR, f"{lesion.name}: {plain(error)}")

    def _put(self, lesion: Lesion, status: str, message: str = "") -> None:
        self._context.current.put_lesion(replace(lesion, status=status, message=message))

    def _withdraw(self, lesion_id: str, running_too: bool = True) -> None:
        """Give up a question. One that waits is replaced by the next of its key; one that runs may still be worth showing."""
        question = self._asked.pop(lesion_id, None)
        if running_too and question is not None and question.ticket is not None:
            self._context.asking.cancel(question.ticket.id)
