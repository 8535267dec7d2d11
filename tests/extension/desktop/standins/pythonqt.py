"""PySide6 behind PythonQt's manners: properties are attributes, not methods; signals are connected by their exact signature.

What PythonQt would not take is an error here: calling a property, setting an attribute that Qt does not know, a signature that is
none.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from PySide6 import QtCore, QtGui, QtWidgets
from shiboken6 import Shiboken

#: The dynamic property of a Qt object that lists the signals which the code under test connected.
CONNECTED = "connectedSignals"


def wrap(value: object) -> object:
    if isinstance(value, (list, tuple)) and not isinstance(value, str):
        return type(value)(wrap(part) for part in value)
    known = isinstance(value, (Shiboken.Object, QtCore.QObject)) and not isinstance(value, (enum.Enum, enum.Flag))
    return Wrapped(value) if known else value


def unwrap(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return type(value)(unwrap(part) for part in value)
    return value.native if isinstance(value, Wrapped) else value


class Wrapped:
    """One Qt object as PythonQt shows it."""

    def __init__(self, native: object) -> None:
        object.__setattr__(self, "native", native)

    def __getattr__(self, name: str) -> object:
        if _property(self.native, name) is not None:
            return wrap(self.native.property(name))
        if name == "name" and isinstance(self.native, QtCore.QObject):
            return self.native.objectName()
        found = getattr(self.native, name)
        return _method(found) if callable(found) else wrap(found)

    def __setattr__(self, name: str, value: object) -> None:
        prop = _property(self.native, name)
        if prop is None:
            raise AttributeError(f"{type(self.native).__name__} has no property {name!r}")
        prop.write(self.native, unwrap(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wrapped) and self.native is other.native

    def __hash__(self) -> int:
        return hash(self.native)

    def connect(self, signature: str, receiver: Callable[..., object]) -> bool:
        """PythonQt's ``object.connect("clicked()", function)``."""
        meta = self.native.metaObject()
        if meta.indexOfSignal(QtCore.QMetaObject.normalizedSignature(signature).data().decode()) < 0:
            raise ValueError(f"{meta.className()} has no signal {signature}")
        name, _, kinds = signature.partition("(")
        count = len([kind for kind in kinds.rstrip(")").split(",") if kind])
        signal = getattr(self.native, name)
        signal.connect(lambda *given: receiver(*(wrap(part) for part in given[:count])))
        self.native.setProperty(CONNECTED, [*(self.native.property(CONNECTED) or []), name])
        return True


def connected_signals(widget: Wrapped) -> list[str]:
    """The signals of a widget that the code under test connected."""
    return list(widget.native.property(CONNECTED) or [])


def _property(native: object, name: str) -> QtCore.QMetaProperty | None:
    if not isinstance(native, QtCore.QObject):
        return None
    meta = native.metaObject()
    index = meta.indexOfProperty(name)
    return meta.property(index) if index >= 0 else None


def _method(found: Callable[..., object]) -> Callable[..., object]:
    return lambda *given: wrap(found(*(unwrap(part) for part in given)))


class Factory:
    """A Qt class: called, it makes a wrapped object; its constants and static functions are there too."""

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def __call__(self, *given: object) -> Wrapped:
        return Wrapped(self._kind(*(unwrap(part) for part in given)))

    def __getattr__(self, name: str) -> object:
        found = getattr(self._kind, name)
        return found if isinstance(found, (type, enum.Enum, enum.Flag)) or not callable(found) else _method(found)


def qt_attribute(name: str) -> object:
    """What ``qt.NAME`` is."""
    for module in (QtCore, QtGui, QtWidgets):
        if hasattr(module, name):
            found = getattr(module, name)
            return found if name == "Qt" else Factory(found)
    raise AttributeError(name)
