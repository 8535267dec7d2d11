"""Waiting until the extension has nothing left to do."""

from __future__ import annotations

import time
from typing import Any


def settle(workflow: Any, seconds: float = 120.0) -> None:
    """Tick until no activity is left, then a little longer: quiet requests are not among the activities."""
    end = time.monotonic() + seconds
    while workflow.state.activities:
        if time.monotonic() > end:
            raise AssertionError(f"still at work: {workflow.state.activities}")
        workflow.tick()
        time.sleep(0.002)
    for _ in range(20):
        workflow.tick()
        time.sleep(0.002)
