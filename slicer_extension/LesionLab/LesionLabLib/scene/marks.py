"""The marks of a scene, and who hears of it when the user changes one."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import Callable

import slicer

from .mark_nodes import MarkNodes
from .observers import Observers
from .values import Mark, MarkLike

_EVENTS = slicer.vtkMRMLMarkupsNode
_FIELDS = tuple(field.name for field in dataclasses.fields(Mark))


class Marks:
    """The marks of one scene.

    Args:
        scene: The MRML scene.
    """

    def __init__(self, scene) -> None:
        self._scene = scene
        self._nodes: dict[str, MarkNodes] = {}
        self._observers = Observers()
        self._watched: dict[str, list] = {}
        self._moved: list[Callable[[Mark, bool], None]] = []
        self._removed: list[Callable[[str], None]] = []
        self._quiet = 0
        self._held = False
        self._observers.add(scene, scene.NodeRemovedEvent, self._on_node_removed)

    def show(self, given: MarkLike) -> None:
        """Show or change a mark; `Lesion`s of the workflow are taken too."""
        mark = as_mark(given)
        with self._silence():
            nodes = self._nodes.get(mark.id)
            if nodes is not None and not nodes.fits(mark):
                self.remove(mark.id)
                nodes = None
            if nodes is None:
                self._nodes[mark.id] = MarkNodes(self._scene, mark)
            elif nodes.read() != mark or nodes.mark != mark:
                nodes.show(mark)
            self._watch(mark.id)

    def remove(self, mark_id: str) -> None:
        """Remove a mark."""
        nodes = self._nodes.pop(mark_id, None)
        if nodes is None:
            return
        with self._silence():
            for node in self._watched.pop(mark_id, []):
                self._observers.forget(node)
            nodes.remove()

    def read(self) -> tuple[Mark, ...]:
        """The marks as they lie now."""
        found = (nodes.read() for nodes in self._nodes.values())
        return tuple(mark for mark in found if mark is not None)

    def put_back(self, marks: tuple[Mark, ...]) -> None:
        """Exactly these marks."""
        kept = {mark.id for mark in marks}
        for mark_id in [there for there in self._nodes if there not in kept]:
            self.remove(mark_id)
        for mark in marks:
            self.show(mark)

    def on_moved(self, callback: Callable[[Mark, bool], None]) -> Callable[[], None]:
        """Hear of dragged marks."""
        return _subscribe(self._moved, callback)

    def on_removed(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Hear of marks that the user removed."""
        return _subscribe(self._removed, callback)

    def close(self) -> None:
        """Remove every observer and listener; the nodes stay."""
        self._observers.clear()
        self._watched.clear()
        self._moved.clear()
        self._removed.clear()

    def _watch(self, mark_id: str) -> None:
        """Observe the markups that a mark has now."""
        markups = self._nodes[mark_id].markups
        before = self._watched.get(mark_id, [])
        for node in before:
            if node not in markups:
                self._observers.forget(node)
        for node in markups:
            if node in before:
                continue
            self._observers.add(node, _EVENTS.PointStartInteractionEvent, self._on_start)
            self._observers.add(node, _EVENTS.PointModifiedEvent, self._on_point)
            self._observers.add(node, _EVENTS.PointEndInteractionEvent, self._on_end)
            self._observers.add(node, _EVENTS.PointRemovedEvent, self._on_point_removed)
        self._watched[mark_id] = markups

    def _on_start(self, node, event) -> None:
        self._held = True

    def _on_point(self, node, event) -> None:
        self._tell(node, done=not self._held)

    def _on_end(self, node, event) -> None:
        self._held = False
        self._tell(node, done=True, always=True)

    def _on_point_removed(self, node, event) -> None:
        self._tell(node, done=True)

    def _tell(self, node, done: bool, always: bool = False) -> None:
        nodes = self._owner(node)
        if self._quiet or nodes is None:
            return
        mark = nodes.read()
        if mark is None:
            self._gone(nodes.mark.id)
        elif mark != nodes.mark or always:
            with self._silence():
                nodes.show(mark)
                self._watch(mark.id)
            for callback in tuple(self._moved):
                callback(mark, done)

    def _on_node_removed(self, scene, event) -> None:
        # VTK's Python callbacks do not say which node it was.
        if self._quiet:
            return
        for mark_id, nodes in list(self._nodes.items()):
            if not self._scene.IsNodePresent(nodes.body):
                self._gone(mark_id)

    def _gone(self, mark_id: str) -> None:
        self.remove(mark_id)
        if not self._scene.IsClosing():
            for callback in tuple(self._removed):
                callback(mark_id)

    def _owner(self, node) -> MarkNodes | None:
        return next((nodes for nodes in self._nodes.values() if node in nodes.markups), None)

    @contextmanager
    def _silence(self):
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1


def as_mark(lesion: MarkLike) -> Mark:
    """A mark of anything that has its fields; those that it has not take their defaults."""
    if isinstance(lesion, Mark):
        return lesion
    return Mark(**{name: getattr(lesion, name) for name in _FIELDS if hasattr(lesion, name)})


def _subscribe(listeners: list, callback: Callable) -> Callable[[], None]:
    listeners.append(callback)

    def unsubscribe() -> None:
        if callback in listeners:
            listeners.remove(callback)

    return unsubscribe
