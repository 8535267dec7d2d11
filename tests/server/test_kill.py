"""The server is killed at random moments while four clients save labels: nothing that it answered is lost."""

from __future__ import annotations

import pytest
from benchmarks.kill_server import kill_often


@pytest.mark.server
def test_six_kills_lose_no_label_and_spoil_none(tmp_path):
    report = kill_often(tmp_path, kills=6, seed=7, train=False)
    assert (report.lost, report.corrupt, report.inconsistent) == ([], [], [])
    assert report.kills == 6
    # They did save, collide, and lose connections.
    assert report.answered > 20
    assert report.unanswered > 0
    assert report.outcomes["conflict"] > 0
    assert report.revisions >= report.answered - report.sent_again
