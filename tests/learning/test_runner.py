"""The queue of jobs: one at a time, cancelled in time, and alive after deaths of processes and servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lesionlab.learning.runner import ATTEMPTS, Runner
from lesionlab.store.jobs import Jobs, State
from lesionlab.store.versions import TrainRequest

HERE = Path(__file__).parent
COMMAND = (sys.executable, str(HERE / "stand_in.py"))
ASKED = TrainRequest()
PATIENCE_S = 30.0


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def runner(studies: Path) -> Iterator[Runner]:
    found = Runner(studies, command=COMMAND)
    yield found
    found.close()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def state(jobs: Jobs, job: str) -> State:
    return jobs.get(job).state


def starts(studies: Path) -> list[str]:
    path = studies / "starts"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def test_jobs_run_one_at_a_time_in_the_order_they_were_asked(runner: Runner, studies: Path) -> None:
    first, second = (runner.submit(name, ASKED).id for name in ("waits", "quick"))
    until(lambda: starts(studies) == ["waits"])
    assert state(runner.jobs, second) == "queued"
    (studies / "go").touch()
    assert runner.wait(second, PATIENCE_S).state == "done"
    assert state(runner.jobs, first) == "done"
    assert starts(studies) == ["waits", "quick"]


def test_a_job_whose_process_is_killed_is_started_again(runner: Runner, studies: Path) -> None:
    job = runner.wait(runner.submit("dies_once", ASKED).id, PATIENCE_S)
    assert (job.state, job.attempts) == ("done", 2)
    assert starts(studies) == ["dies_once"] * 2


def test_a_job_whose_process_always_dies_fails_with_the_reason_and_the_next_one_runs(
    runner: Runner, studies: Path
) -> None:
    doomed, after = (runner.submit(name, ASKED).id for name in ("dies", "quick"))
    job = runner.wait(doomed, PATIENCE_S)
    assert (job.state, job.attempts) == ("failed", ATTEMPTS)
    assert f"was ended by signal 9, {ATTEMPTS} times" in job.standing.message
    assert runner.wait(after, PATIENCE_S).state == "done"
    assert starts(studies) == ["dies"] * ATTEMPTS + ["quick"]


def test_cancelling_takes_effect_within_three_seconds_even_on_a_process_that_will_not_end(
    runner: Runner, studies: Path
) -> None:
    job = runner.submit("stubborn", ASKED).id
    until((studies / "child").exists)
    until(lambda: (studies / "child").read_text() != "")
    began = time.monotonic()
    assert runner.cancel(job).state == "cancelled"
    assert time.monotonic() - began < 3
    until(lambda: gone(int((studies / "child").read_text())))
    assert not (studies / ".lesionlab" / "training" / job).exists()


def gone(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_when_the_server_stops_its_job_waits_for_the_next_server(runner: Runner, studies: Path) -> None:
    job = runner.submit("waits", ASKED).id
    until(lambda: starts(studies) == ["waits"])
    runner.close()
    waiting = runner.jobs.get(job)
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    (studies / "go").touch()
    after = Runner(studies, command=COMMAND)
    after.start()
    assert after.wait(job, PATIENCE_S).state == "done"
    after.close()


def test_a_job_outlives_the_death_of_its_server_and_the_next_server_watches_it(runner: Runner, studies: Path) -> None:
    job = runner.jobs.add("waits", ASKED).id
    server = subprocess.Popen([sys.executable, str(HERE / "serve_jobs.py"), str(studies)], start_new_session=True)
    try:
        until(lambda: starts(studies) == ["waits"])
    finally:
        server.kill()
        server.wait()
    process = runner.jobs.get(job).process
    runner.start()
    other = runner.submit("quick", ASKED).id
    time.sleep(0.5)
    assert state(runner.jobs, other) == "queued"
    (studies / "go").touch()
    done = runner.wait(job, PATIENCE_S)
    assert done.comparison is not None
    assert done.comparison.reason == f"by {process}"
    assert runner.wait(other, PATIENCE_S).state == "done"
    assert starts(studies) == ["waits", "quick"]


def test_a_job_that_died_together_with_its_server_is_started_again(runner: Runner, studies: Path) -> None:
    job = runner.jobs.add("waits", ASKED).id
    server = subprocess.Popen([sys.executable, str(HERE / "serve_jobs.py"), str(studies)], start_new_session=True)
    try:
        until(lambda: starts(studies) == ["waits"])
    finally:
        server.kill()
        server.wait()
    process = runner.jobs.get(job).process
    assert process is not None
    os.kill(process, signal.SIGKILL)
    (studies / "go").touch()
    runner.start()
    done = runner.wait(job, PATIENCE_S)
    assert (done.state, done.attempts) == ("done", 2)


def test_of_two_servers_on_the_same_studies_one_runs_the_jobs(runner: Runner, studies: Path) -> None:
    job = runner.submit("waits", ASKED).id
    until(lambda: starts(studies) == ["waits"])
    other = Runner(studies, command=COMMAND)
    second = other.submit("quick", ASKED).id
    assert other.wait(second, 1.0).state == "queued"
    # Whichever server is asked: the one that runs the job stops it.
    assert other.cancel(job).state == "cancelled"
    assert other.wait(second, PATIENCE_S).state == "done"
    other.close()
