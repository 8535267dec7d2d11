"""The laws of the worker: one thread, in order, every submission has exactly one outcome, and the host's thread hears of it."""

from __future__ import annotations

import gc
import random
import threading
import time
import weakref

import pytest

from LesionLabLib.errors import Cancelled, Replaced
from LesionLabLib.worker import Activity, Job, Worker


@pytest.fixture
def worker():
    made = Worker()
    yield made
    made.close()


class Log:
    """What was called back, and on which threads."""

    def __init__(self):
        self.calls = []
        self.threads = set()

    def done(self, name):
        return lambda result: self._note(name, "done", result)

    def failed(self, name):
        return lambda error: self._note(name, "failed", error)

    def _note(self, *call):
        self.calls.append(call)
        self.threads.add(threading.current_thread())

    def outcome(self, name):
        return [(what, value) for who, what, value in self.calls if who == name]


def submit(worker, log, name, work, key=""):
    return worker.submit(str(name), work, log.done(name), log.failed(name), key)


def deliver_until(worker, log, count, seconds=10):
    deadline = time.monotonic() + seconds
    while len(log.calls) < count:
        assert time.monotonic() < deadline, log.calls
        worker.deliver()
        time.sleep(0.002)


class Gate:
    """Work that begins, and goes on when it is let."""

    def __init__(self):
        self.begun, self.open = threading.Event(), threading.Event()

    def work(self, job):
        self.begun.set()
        assert self.open.wait(10)
        return "through"


def blocked(worker, log):
    """A worker whose thread is busy until the gate opens."""
    gate = Gate()
    submit(worker, log, "gate", gate.work)
    assert gate.begun.wait(5)
    return gate


def test_results_come_in_the_order_of_submission(worker):
    log = Log()
    for n in range(50):
        submit(worker, log, n, lambda job, n=n: n * n)
    deliver_until(worker, log, 50)

    assert log.calls == [(n, "done", n * n) for n in range(50)]


def test_work_runs_on_one_other_thread_and_callbacks_never_do(worker):
    log, at_work = Log(), set()

    def work(job):
        at_work.add(threading.current_thread())
        raise ValueError if len(log.calls) % 2 else KeyError

    for n in range(10):
        submit(worker, log, n, work)
    deliver_until(worker, log, 10)

    assert len(at_work) == 1
    assert log.threads == {threading.current_thread()}
    assert at_work.isdisjoint(log.threads)


def test_nothing_is_called_back_but_by_deliver(worker):
    log = Log()
    ticket = submit(worker, log, "a", lambda job: 1)
    while not ticket.settled:
        time.sleep(0.001)

    assert log.calls == []
    assert worker.deliver() == 1
    assert log.calls == [("a", "done", 1)]
    assert worker.deliver() == 0


def test_the_work_itself_cannot_deliver(worker):
    log = Log()
    submit(worker, log, "a", lambda job: worker.deliver())
    deliver_until(worker, log, 1)

    [(what, error)] = log.outcome("a")
    assert what == "failed"
    assert isinstance(error, RuntimeError)


def test_an_exception_is_carried_as_it_is(worker):
    log, raised = Log(), ValueError("x")

    def work(job):
        raise raised

    submit(worker, log, "a", work)
    deliver_until(worker, log, 1)

    assert log.calls == [("a", "failed", raised)]


def test_a_newer_submission_of_a_key_takes_the_place_of_the_one_that_waits(worker):
    log = Log()
    gate = blocked(worker, log)
    for size in (10, 11, 12):
        submit(worker, log, size, lambda job, size=size: size, key="lesion 1")
    submit(worker, log, "other", lambda job: 0, key="lesion 2")
    gate.open.set()
    deliver_until(worker, log, 5)

    assert [call[:2] for call in log.calls if call[1] == "done"] == [("gate", "done"), (12, "done"), ("other", "done")]
    for size in (10, 11):
        [(what, error)] = log.outcome(size)
        assert what == "failed"
        assert isinstance(error, Replaced)
        assert isinstance(error, Cancelled)


def test_work_that_runs_is_not_replaced(worker):
    log, gate = Log(), Gate()
    submit(worker, log, "old", gate.work, key="k")
    assert gate.begun.wait(5)
    submit(worker, log, "new", lambda job: 2, key="k")
    gate.open.set()
    deliver_until(worker, log, 2)

    assert log.calls == [("old", "done", "through"), ("new", "done", 2)]


def test_waiting_work_that_is_cancelled_never_begins(worker):
    log, begun = Log(), []
    gate = blocked(worker, log)
    ticket = submit(worker, log, "a", begun.append)
    worker.cancel(ticket.id)
    gate.open.set()
    deliver_until(worker, log, 2)

    assert begun == []
    [(what, error)] = log.outcome("a")
    assert what == "failed"
    assert isinstance(error, Cancelled)


def test_running_work_that_is_cancelled_fails_at_once_and_its_result_is_never_heard_of(worker):
    log, gate = Log(), Gate()
    ticket = submit(worker, log, "a", gate.work)
    assert gate.begun.wait(5)
    started = time.monotonic()
    worker.cancel(ticket.id)
    assert worker.deliver() == 1
    assert time.monotonic() - started < 0.5
    assert worker.activities() == ()

    gate.open.set()
    submit(worker, log, "b", lambda job: 2)
    deliver_until(worker, log, 2)
    [(what, error)] = log.outcome("a")
    assert what == "failed"
    assert type(error) is Cancelled
    assert log.outcome("b") == [("done", 2)]


def test_cancelling_tells_the_work(worker):
    log, closed, begun = Log(), threading.Event(), threading.Event()

    def work(job):
        job.on_cancel(closed.set)
        begun.set()
        assert closed.wait(5)
        job.check()

    ticket = submit(worker, log, "a", work)
    assert begun.wait(5)
    worker.cancel(ticket.id)

    assert closed.is_set()
    deliver_until(worker, log, 1)


def test_what_is_done_cannot_be_cancelled_any_more(worker):
    log = Log()
    ticket = submit(worker, log, "a", lambda job: 1)
    while not ticket.settled:
        time.sleep(0.001)
    worker.cancel(ticket.id)
    worker.cancel(12345)
    worker.deliver()

    assert log.calls == [("a", "done", 1)]


def test_activities_show_what_runs_then_what_waits_with_its_progress(worker):
    log, steps, go = Log(), [threading.Event(), threading.Event()], [threading.Event(), threading.Event()]

    def work(job):
        for step, share, text in ((0, 0.5, ""), (1, 0.75, "Reading back")):
            job.report(share, text)
            steps[step].set()
            assert go[step].wait(5)

    first = submit(worker, log, "Saving", work)
    second = submit(worker, log, "Training", lambda job: 2)
    waiting = Activity(second.id, "Training", None, True, False)

    assert steps[0].wait(5)
    assert worker.activities() == (Activity(first.id, "Saving", 0.5, True, True), waiting)
    go[0].set()
    assert steps[1].wait(5)
    assert worker.activities() == (Activity(first.id, "Reading back", 0.75, True, True), waiting)
    go[1].set()
    deliver_until(worker, log, 2)
    assert worker.activities() == ()


def test_a_callback_may_submit_and_cancel(worker):
    log = Log()
    gate = blocked(worker, log)
    waiting = submit(worker, log, "waiting", lambda job: 0)

    def again(result):
        worker.cancel(waiting.id)
        submit(worker, log, "second", lambda job: result + 1)

    worker.submit("first", lambda job: 1, again, log.failed("first"))
    worker.cancel(waiting.id)
    gate.open.set()
    deliver_until(worker, log, 3)

    assert log.outcome("second") == [("done", 2)]
    assert [what for what, _ in log.outcome("waiting")] == ["failed"]


def test_a_callback_that_raises_costs_no_other_outcome(worker):
    log = Log()
    tickets = [
        worker.submit("bad", lambda job: 0, lambda result: 1 / 0, log.failed("bad")),
        submit(worker, log, "good", lambda job: 1),
    ]
    while not tickets[1].settled:
        time.sleep(0.001)
    with pytest.raises(ZeroDivisionError):
        worker.deliver()
    worker.deliver()

    assert log.calls == [("good", "done", 1)]


def test_closing_cancels_everything_and_ends_the_thread():
    worker, log = Worker(), Log()
    thread = worker._thread
    begun = threading.Event()

    def work(job):
        gone = threading.Event()
        job.on_cancel(gone.set)
        begun.set()
        gone.wait(10)
        return "late"

    for n in range(3):
        submit(worker, log, n, work)
    assert begun.wait(5)
    started = time.monotonic()
    worker.close()
    submit(worker, log, 3, work)
    worker.deliver()

    assert time.monotonic() - started < 2
    assert not thread.is_alive()
    assert [(name, what, type(error)) for name, what, error in log.calls] == [
        (n, "failed", Cancelled) for n in range(4)
    ]
    worker.close()


def test_a_host_that_keeps_pythons_lock_can_let_the_thread_work_within_deliver():
    worker, log = Worker(yield_s=2.0), Log()
    submit(worker, log, "a", lambda job: time.sleep(0.05))
    started = time.monotonic()
    count = worker.deliver()

    assert count == 1
    assert time.monotonic() - started < 1.5
    started = time.monotonic()
    worker.deliver()
    assert time.monotonic() - started < 0.5
    worker.close()


def test_results_are_let_go_once_they_are_delivered(worker):
    class Image:
        pass

    refs = []

    def work(job):
        image = Image()
        refs.append(weakref.ref(image))
        return image

    ticket = worker.submit("a", work, lambda image: None, lambda error: None)
    while not ticket.settled:
        time.sleep(0.001)
    worker.deliver()
    worker.submit("b", lambda job: None, lambda result: None, lambda error: None)
    time.sleep(0.05)
    worker.deliver()
    gc.collect()

    assert refs[0]() is None


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_each_submission_has_exactly_one_outcome_and_done_work_keeps_its_order(seed):
    draw, worker, log = random.Random(seed), Worker(), Log()
    tickets, replaceable = [], {}
    for n in range(400):
        key = draw.choice(["", "", "a", "b"])

        fails, pause_s = draw.random() < 0.2, draw.random() * 0.0005

        def work(job, n=n, fails=fails, pause_s=pause_s):
            time.sleep(pause_s)
            job.report(0.5)
            if fails:
                raise ValueError(n)
            return n

        tickets.append(submit(worker, log, n, work, key))
        replaceable[n] = key
        if draw.random() < 0.3:
            worker.cancel(draw.choice(tickets).id)
        if draw.random() < 0.1:
            worker.deliver()
    deliver_until(worker, log, 400)
    time.sleep(0.01)
    worker.deliver()
    worker.close()

    assert sorted(name for name, _, _ in log.calls) == list(range(400))
    plain = [name for name, what, _ in log.calls if what == "done" and not replaceable[name]]
    assert plain == sorted(plain)
    assert len(plain) > 50
    for name, what, value in log.calls:
        assert value == name if what == "done" else isinstance(value, (Cancelled, ValueError))
        assert not (isinstance(value, Replaced) and not replaceable[name])
    assert log.threads == {threading.current_thread()}


# The job by itself


def test_a_job_keeps_shares_within_their_bounds():
    job = Job()
    job.report(1.7)
    assert job.share == 1.0
    job.report(-1)
    assert job.share == 0.0
    job.report(None)
    assert job.share is None


def test_a_cancelled_job_stops_its_work_at_the_next_report():
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        job.report(0.1)
    with pytest.raises(Cancelled):
        job.check()


def test_a_callback_of_a_job_is_called_once_at_once_when_late_and_never_when_taken_back():
    job, calls = Job(), []
    job.on_cancel(lambda: calls.append("early"))
    job.on_cancel(lambda: 1 / 0)
    job.on_cancel(lambda: calls.append("after one that raises"))
    take_back = job.on_cancel(lambda: calls.append("taken back"))
    take_back()
    take_back()
    job.cancel()
    job.cancel()
    job.on_cancel(lambda: calls.append("late"))

    assert calls == ["early", "after one that raises", "late"]
