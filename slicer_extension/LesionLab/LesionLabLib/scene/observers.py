"""Observers that cannot be forgotten."""

from __future__ import annotations

import weakref
from typing import Callable


class Observers:
    """Keeps every observer that it adds, and removes them together."""

    def __init__(self) -> None:
        self._kept: list[tuple] = []

    def add(self, node, event: int, callback: Callable) -> None:
        """Call the method ``callback(node, event)`` at each ``event`` of ``node``, as long as its object lives."""
        self._kept.append((node, node.AddObserver(event, _weak(callback))))

    def forget(self, node) -> None:
        """Remove the observers of one node."""
        for seen, tag in self._kept:
            if seen is node:
                seen.RemoveObserver(tag)
        self._kept = [kept for kept in self._kept if kept[0] is not node]

    def clear(self) -> None:
        """Remove all."""
        for node, tag in self._kept:
            node.RemoveObserver(tag)
        self._kept = []

    def __len__(self) -> int:
        return len(self._kept)


def _weak(method: Callable) -> Callable:
    """A callback that keeps nothing alive: a node may outlive whoever forgot to close."""
    held = weakref.WeakMethod(method)

    def call(node, event) -> None:
        current = held()
        if current is not None:
            current(node, event)

    return call
