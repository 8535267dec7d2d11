"""From JSON to cases, trainings and versions."""

from __future__ import annotations

from .answers import Case, Comparison, Lease, Training, Version
from .client_fields import Fields


def case_of(fields: Fields) -> Case:
    """One case."""
    lease, presence = fields.optional("lease"), fields.inner("presence")
    return Case(
        image=fields.text("image"),
        labels=fields.texts("labels"),
        marks=fields.flag("marks", False),
        revision=fields.text("revision", None),
        lease=None if lease is None else Lease(lease.text("holder"), lease.text("until", "")),
        presence=tuple((name, presence.flag(name)) for name in presence.names()),
    )


def training_of(fields: Fields) -> Training:
    """One training job."""
    comparison = fields.optional("comparison")
    return Training(
        id=fields.text("id"),
        task=fields.text("task"),
        state=fields.text("state"),
        epoch=fields.whole("epoch", 0),
        epochs=fields.whole("epochs", 0),
        step=fields.whole("step", 0),
        steps=fields.whole("steps", 0),
        loss=fields.number("loss", None),
        score=fields.number("score", None),
        remaining_s=fields.number("remaining_s", None),
        message=fields.text("message", ""),
        created=fields.text("created", ""),
        version=fields.text("version", None),
        comparison=None if comparison is None else _comparison(comparison),
    )


def version_of(fields: Fields) -> Version:
    """One version of a model."""
    return Version(
        version=fields.text("version"),
        current=fields.flag("current", False),
        created=fields.text("created", ""),
        parent=fields.text("parent", None),
        scores=fields.by_name("scores"),
        labels=fields.whole("labels", 0),
        reason=fields.text("reason", ""),
    )


def _comparison(fields: Fields) -> Comparison:
    return Comparison(
        metric=fields.text("metric"),
        promoted=fields.flag("promoted"),
        reason=fields.text("reason", ""),
        cases=fields.whole("cases", 0),
        current=fields.number("current", None),
        new=fields.number("new", None),
        difference=fields.number("difference", None),
        low=fields.number("low", None),
        high=fields.number("high", None),
    )
