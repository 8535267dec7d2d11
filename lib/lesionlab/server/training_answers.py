"""Jobs and versions as JSON, in our own form and in that of MONAI Label's clients."""

from __future__ import annotations

from typing import Any

from lesionlab.store.jobs import Job, State
from lesionlab.store.versions import SHIPPED, Comparison, Version

_STOCK: dict[State, str] = {
    "queued": "SUBMITTED",
    "running": "RUNNING",
    "done": "DONE",
    "failed": "ERROR",
    "cancelled": "STOPPED",
}


def job_json(job: Job) -> dict[str, Any]:
    """A job, as ``GET /jobs/`` lists it."""
    return {
        "id": job.id,
        "task": job.task,
        "kind": job.kind,
        "state": job.state,
        **job.standing.model_dump(),
        "request": job.request.model_dump(),
        "created": job.created.isoformat(),
        "updated": job.updated.isoformat(),
        "version": job.version,
        "comparison": None if job.comparison is None else job.comparison.model_dump(),
    }


def stock_json(job: Job) -> dict[str, Any]:
    """A job, as MONAI Label's ``GET /train/`` tells of it; ``job`` is its id among ours."""
    stock = {
        "id": job.id,
        "job": job.id,
        "status": _STOCK[job.state],
        "request": {"model": job.task, **job.request.model_dump(exclude_none=True)},
        "start_ts": _stock_time(job.created.astimezone()),
        "details": [_line(job)],
    }
    return {**stock, "end_ts": _stock_time(job.updated.astimezone())} if job.final else stock


def version_json(version: Version, current: str) -> dict[str, Any]:
    """A trained version, as ``GET /versions/{task}`` lists it."""
    return {
        "version": version.version,
        "current": version.version == current,
        "created": version.created.isoformat(),
        "parent": version.parent,
        "scores": _scores(version.comparison, version.training),
        "labels": len(version.labels),
        "reason": version.comparison.reason,
    }


def shipped_json(current: str) -> dict[str, Any]:
    """The weights that came with the program, in the same form."""
    return {
        "version": SHIPPED,
        "current": current == SHIPPED,
        "created": None,
        "parent": None,
        "scores": {},
        "labels": 0,
        "reason": "came with the program",
    }


def _scores(comparison: Comparison, training: dict[str, Any]) -> dict[str, float]:
    found = {"validation": training.get("best"), comparison.metric: comparison.new}
    return {name: value for name, value in found.items() if value is not None}


def _line(job: Job) -> str:
    standing = job.standing
    parts = [standing.message or job.state]
    if standing.steps:
        parts.append(f"epoch {standing.epoch} of {standing.epochs}, step {standing.step} of {standing.steps}")
    if standing.loss is not None:
        parts.append(f"loss {standing.loss:.4f}")
    if standing.score is not None:
        parts.append(f"validation {standing.score:.4f}")
    return ", ".join(parts)


def _stock_time(when: Any) -> str:
    return str(when.strftime("%Y-%m-%d %H:%M:%S"))
