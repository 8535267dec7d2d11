"""Jobs in SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from lesionlab.errors import ConflictError, NotFoundError
from lesionlab.store.jobs import Jobs, Standing
from lesionlab.store.versions import Comparison, TrainRequest

ASKED = TrainRequest(epochs=3, seed=7)
BETTER = Comparison(metric="dice", against="v1", promoted=True, reason="better")


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "jobs.sqlite")


def test_a_new_job_waits_with_what_was_asked(jobs: Jobs) -> None:
    job = jobs.add("lesion_shape", ASKED)
    assert (job.state, job.task, job.request, job.attempts) == ("queued", "lesion_shape", ASKED, 0)
    assert not job.final


def test_another_process_sees_the_same_jobs(jobs: Jobs) -> None:
    job = jobs.add("a", ASKED)
    assert Jobs(jobs.path).get(job.id) == job


def test_jobs_are_listed_newest_first_and_run_oldest_first(jobs: Jobs) -> None:
    names = [jobs.add(name, ASKED).id for name in "abc"]
    assert [job.id for job in jobs.all()] == names[::-1]
    assert [job.id for job in jobs.of("queued")] == names


def test_a_job_goes_from_queued_to_running_to_done(jobs: Jobs) -> None:
    job = jobs.add("a", ASKED).id
    jobs.start(job, 4321, 99.5)
    jobs.report(job, Standing(epoch=2, epochs=3, step=15, steps=20, loss=0.5, score=0.8, remaining_s=3.0))
    running = jobs.get(job)
    assert (running.state, running.process, running.process_started, running.attempts) == ("running", 4321, 99.5, 1)
    assert (running.standing.step, running.standing.remaining_s) == (15, 3.0)
    jobs.finish(job, "v2", BETTER)
    done = jobs.get(job)
    assert (done.state, done.version, done.comparison, done.standing.message) == ("done", "v2", BETTER, "better")
    assert done.final


def test_what_has_ended_never_changes(jobs: Jobs) -> None:
    job = jobs.add("a", ASKED).id
    jobs.start(job, 1, 1.0)
    jobs.finish(job, "v1", BETTER)
    before = jobs.get(job)
    jobs.cancel(job)
    jobs.fail(job, "late")
    jobs.stopped(job)
    jobs.report(job, Standing(epoch=1))
    jobs.queue_again(job, "late", counted=True)
    assert jobs.get(job) == before


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_marked(jobs: Jobs) -> None:
    waiting, running = jobs.add("a", ASKED).id, jobs.add("b", ASKED).id
    jobs.start(running, 1, 1.0)
    assert jobs.cancel(waiting).state == "cancelled"
    marked = jobs.cancel(running)
    assert (marked.state, marked.cancelling) == ("running", True)
    jobs.stopped(running)
    assert jobs.get(running).state == "cancelled"


def test_a_job_that_was_cancelled_does_not_start(jobs: Jobs) -> None:
    job = jobs.add("a", ASKED).id
    jobs.cancel(job)
    with pytest.raises(ConflictError, match="cancelled"):
        jobs.start(job, 1, 1.0)


def test_an_attempt_counts_unless_the_server_ended_it(jobs: Jobs) -> None:
    job = jobs.add("a", ASKED).id
    for counted in (True, False, True):
        jobs.start(job, 1, 1.0)
        jobs.queue_again(job, "again", counted=counted)
    found = jobs.get(job)
    assert (found.state, found.attempts, found.process, found.standing.message) == ("queued", 2, None, "again")


def test_a_failure_keeps_how_far_it_was_and_says_why(jobs: Jobs) -> None:
    job = jobs.add("a", ASKED).id
    jobs.start(job, 1, 1.0)
    jobs.report(job, Standing(epoch=1, step=4, remaining_s=9.0))
    jobs.fail(job, "no masks")
    found = jobs.get(job)
    assert (found.state, found.standing) == ("failed", Standing(epoch=1, step=4, message="no masks"))


def test_an_unknown_job_is_named(jobs: Jobs) -> None:
    with pytest.raises(NotFoundError, match="no such job; got nobody"):
        jobs.get("nobody")
