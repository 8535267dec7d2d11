"""Nobody waits for somebody else's inference."""

from __future__ import annotations

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.server.conftest import ras


def test_information_comes_at_once_while_four_inferences_run(server):
    slow = {"point_mm": ras((20, 18, 15)), "size_mm": 59.0, "result": "crop"}
    url = f"{server.base_url}/infer/lesion_shape?image=case_a&output=json"

    def infer():
        return httpx.post(url, data={"params": json.dumps(slow)}, timeout=60).status_code

    with ThreadPoolExecutor(4) as clients:
        running = [clients.submit(infer) for _ in range(4)]
        time.sleep(0.1)
        waits = {"/info/": [], "/datastore/?output=all": []}
        while not all(answer.done() for answer in running):
            for path, found in waits.items():
                start = time.perf_counter()
                assert server.get(path).status_code == 200
                found.append(time.perf_counter() - start)
    assert [answer.result() for answer in running] == [200] * 4
    assert len(waits["/info/"]) > 5
    assert statistics.median(waits["/info/"]) < 0.1
    # Our routes and MONAI Label's own alike.
    assert statistics.median(waits["/datastore/?output=all"]) < 0.1


def test_fifty_clicks_cost_little_besides_the_network(server):
    click = {"point_mm": ras((20, 18, 15)), "size_mm": 12.0, "result": "crop"}
    spent = []
    for _ in range(50):
        start = time.perf_counter()
        found = server.post("/infer/lesion_shape?image=case_a&output=image", data={"params": json.dumps(click)})
        spent.append(time.perf_counter() - start)
        assert found.status_code == 200
        assert found.headers["server-timing"].startswith("infer;dur=")
    assert statistics.median(spent) < 0.05
