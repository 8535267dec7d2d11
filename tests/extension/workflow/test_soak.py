"""Twenty seconds of a reader who does anything at any time, also while the server is away."""

from __future__ import annotations

import logging
import os

import pytest
from benchmarks.soak.reader import RandomReader, soak
from benchmarks.soak.samples import Faults, growth_mib
from benchmarks.soak.scan import add_scan

from LesionLabLib.answers import Answer, Candidate
from tests.extension.workflow.desk import Desk
from tests.extension.workflow.fakes import FakeClient, FakeServer, ball, crop_of
from tests.server.conftest import SHAPE, ras

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [int(os.environ.get("SOAK_SEED", "3"))])
def test_random_use_ends_without_an_exception_a_leaked_observer_or_growing_memory(tmp_path, seed):
    server = FakeServer(tmp_path / "server")
    found = (Candidate(tuple(ras((20, 18, 15))), 8.0, 0.9), Candidate(tuple(ras((8, 9, 10))), None, 0.5))
    heat = crop_of(ball(ras((20, 18, 15)), 14.0).astype("float32"))
    server.answers["find"] = Answer("detect", candidates=found, heat=heat)
    desk = Desk(lambda url, token: FakeClient(server, url), tmp_path / "desk")
    faults = Faults()
    logging.getLogger("LesionLabLib").addHandler(faults)
    volume_id = add_scan(desk.mrml, SHAPE, 1)
    desk.workflow.connect("http://fake")
    desk.settle()
    reader = RandomReader(desk.workflow, desk.scene, desk.mrml, volume_id, seed)

    def weather(gone: float) -> None:
        # Of every five seconds the server is away for one, and forgets its sessions.
        up = gone % 5.0 < 4.0
        if up and not server.up:
            server.sessions.clear()
        server.up = up

    try:
        soak(reader, SECONDS, SECONDS / 12, weather)
    finally:
        logging.getLogger("LesionLabLib").removeHandler(faults)
        server.up = True
        desk.close()
    assert faults.records == []
    assert sum(reader.done.values()) > 100
    assert {(sample.nodes, sample.observers) for sample in reader.samples} == {
        (reader.samples[0].nodes, reader.samples[0].observers)
    }
    assert growth_mib(reader.samples) < 15.0, reader.samples
    assert list(desk.folder.iterdir()) == []
