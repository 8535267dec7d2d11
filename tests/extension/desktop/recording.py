"""A workflow that does nothing but remember what it was told; it takes only what the real one takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from LesionLabLib.workflow.state import State
from LesionLabLib.workflow.workflow import Workflow


class RecordingWorkflow:
    def __init__(self) -> None:
        self.state = State()
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.ticks = 0
        self._listeners: list[Callable[[State], None]] = []

    def subscribe(self, listener: Callable[[State], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def tick(self) -> None:
        self.ticks += 1

    def show(self, state: State) -> None:
        self.state = state
        for listener in tuple(self._listeners):
            listener(state)

    def __getattr__(self, name: str) -> Callable[..., None]:
        signature = inspect.signature(getattr(Workflow, name))

        def record(*given: object, **named: object) -> None:
            bound = signature.bind(self, *given, **named)
            arguments = dict(bound.arguments)
            del arguments["self"]
            self.calls.append((name, arguments))

        return record
