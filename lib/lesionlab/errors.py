"""One tree of errors. Every message says what is wrong, what was got, what was expected and what to do."""

from __future__ import annotations

from typing import ClassVar, Self


class LesionLabError(Exception):
    """Base of every error that LesionLab raises on purpose.

    Args:
        what: what is wrong, in plain words ("size_mm is not positive").
        got: the offending value, shown with ``repr`` unless it is a string; omitted when ``None``.
        expected: what would have been right.
        hint: what to do about it, when that is not obvious.
    """

    http_status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, got: object = None, expected: str | None = None, hint: str | None = None) -> None:
        self.what = what
        self.got = None if got is None else (got if isinstance(got, str) else repr(got))
        self.expected = expected
        self.hint = hint
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One line: what, got, expected, hint."""
        parts = [self.what]
        if self.got is not None:
            parts.append(f"got {self.got}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.hint is not None:
            parts.append(self.hint)
        return "; ".join(parts)

    def without(self, text: str) -> Self:
        """The same error with ``text`` cut out of it, such as a folder that is nobody's business."""
        parts = {name: part and part.replace(text, "") for name, part in vars(self).items() if isinstance(part, str)}
        return type(self)(
            self.what.replace(text, ""), got=parts.get("got"), expected=parts.get("expected"), hint=parts.get("hint")
        )


class InputError(LesionLabError):
    """The caller gave something wrong: a value, a file's content, a parameter."""

    http_status = 422
    exit_status = 2


class NotFoundError(InputError):
    """What the caller named does not exist: a task, an image, a file."""

    http_status = 404


class ConfigError(InputError):
    """A task's YAML file is wrong."""

    http_status = 500


class ConflictError(InputError):
    """What the caller asks for collides with the present state (a job that already runs, a stale parent)."""

    http_status = 409


class TooLargeError(InputError):
    """What the caller sent is over a limit."""

    http_status = 413


class CancelledError(LesionLabError):
    """Whoever asked wants no answer any more."""

    http_status = 499
    exit_status = 130


class InternalError(LesionLabError):
    """Our fault: an invariant does not hold."""


class UnauthorizedError(InputError):
    """Who asks has not said who they are."""

    http_status = 401


class ForbiddenError(InputError):
    """What the caller asks for is not allowed here."""

    http_status = 403
