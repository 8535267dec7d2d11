"""Fields of a frozen dataclass kept in the page's state under their own names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from trame_server.state import State

T = TypeVar("T")


class Fields(Generic[T]):
    """Reads and writes the page's state as one typed value.

    Args:
        state: the page's state; it gets all fields at once.
        first: an instance of a dataclass, all of whose fields have defaults.
    """

    def __init__(self, state: State, first: T) -> None:
        self._state, self._first = state, first
        self.write(first)

    @property
    def now(self) -> T:
        """The fields as they are; what an element of the page emptied has its first value."""
        names = [field.name for field in fields(self._first)]  # type: ignore[arg-type]
        found = {name: self._state[name] for name in names}
        return type(self._first)(**{k: getattr(self._first, k) if v is None else v for k, v in found.items()})

    def set(self, **changes: Any) -> None:
        """Change some fields.

        Raises:
            TypeError: there is no such field.
        """
        type(self._first)(**changes)
        self._state.update({name: plain(value) for name, value in changes.items()})

    def write(self, content: T) -> None:
        """Change all fields; only what differs goes to the page."""
        self._state.update({field.name: plain(getattr(content, field.name)) for field in fields(content)})  # type: ignore[arg-type]

    def on_change(self, name: str, call: Callable[[Any], None]) -> None:
        """Call ``call`` with the field's new value whenever the page or we changed it."""

        @self._state.change(name)
        def _(**_: object) -> None:
            call(getattr(self.now, name))


def plain(value: object) -> object:
    """Rows as the browser takes them: dataclasses become objects, tuples lists."""
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    return plain_fields(value) if is_dataclass(value) and not isinstance(value, type) else value


def plain_fields(value: Any) -> dict[str, object]:
    """A dataclass as an object of the browser."""
    return {name: plain(part) for name, part in asdict(value).items()}
