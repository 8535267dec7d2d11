from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed: the workflow's tests need its MRML")

from tests.extension.workflow.desk import Desk
from tests.extension.workflow.fakes import FakeClient, FakeServer


@pytest.fixture
def server(tmp_path) -> FakeServer:
    return FakeServer(tmp_path / "server")


@pytest.fixture
def desk(server, tmp_path) -> Iterator[Desk]:
    """A reader who has connected."""
    made = Desk(lambda url, token: FakeClient(server, url), tmp_path / "desk", poll_seconds=0.01)
    made.workflow.connect("http://fake")
    made.settle()
    assert made.state.connection.status == "ready"
    yield made
    server.gate.set()
    made.close()


@pytest.fixture
def at_case(desk) -> Desk:
    """A reader who has opened case_a."""
    desk.workflow.open_case("case_a")
    desk.settle()
    assert desk.state.case is not None
    return desk
