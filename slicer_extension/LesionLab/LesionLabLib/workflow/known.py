"""Answers that are known already: undo and redo need not ask for them again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .state import Lesion, Prompt, Value

if TYPE_CHECKING:
    from LesionLabLib.answers import Answer, Crop

#: How many answers are kept.
_MOST = 200


@dataclass(frozen=True)
class Key:
    """What makes two answers the same."""

    lesion_id: str
    prompt: Prompt
    task: str
    options: tuple[tuple[str, Value], ...]


class KnownAnswers:
    """The last answers, and of each lesion the last probability map."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._probability: dict[str, tuple[Prompt, Crop]] = {}

    def get(self, key: Key) -> Answer | None:
        """What is known."""
        return self._answers.get(key)

    def learn(self, key: Key, answer: Answer) -> None:
        """Keep an answer."""
        if answer.probability is not None:
            self._probability[key.lesion_id] = (key.prompt, answer.probability)
        # Probability maps are large, and only the last one of a lesion is ever shown.
        self._answers[key] = replace(answer, probability=None)
        self._answers.move_to_end(key)
        while len(self._answers) > _MOST:
            self._answers.popitem(last=False)

    def probability(self, lesion: Lesion) -> Crop | None:
        """The probability map of a lesion's prompt."""
        found = self._probability.get(lesion.id)
        return found[1] if found is not None and found[0] == lesion.prompt else None

    def forget_answers(self) -> None:
        """The model is another one: what is asked again gets a new answer."""
        self._answers.clear()

    def forget(self) -> None:
        """Another image."""
        self._answers.clear()
        self._probability.clear()
