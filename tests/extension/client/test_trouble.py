"""Servers that are away, that misbehave or are no such servers: each ends in a plain sentence, none hangs."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from LesionLabLib.client import Client, Timeouts
from LesionLabLib.errors import (
    BadAnswer,
    Cancelled,
    Conflict,
    ExtensionError,
    NotOurs,
    Refused,
    ServerFault,
    ServerLost,
    TooOld,
)
from LesionLabLib.worker import Job
from tests.extension.client.stage import answers, hangs, heard, says, stage, wait_for_the_client_to_leave
from tests.server.conftest import free_port

QUICK = Timeouts(connect_s=0.4, read_s=0.4, work_s=0.4)
PATIENT = Timeouts(10, 10, 10)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def raised(act, call=Client.cases, timeouts=PATIENT):
    """The error that a call ends with, and how long it took."""
    with stage(act) as server:
        started = time.monotonic()
        with pytest.raises(ExtensionError) as error:
            call(Client(server.url, timeouts=timeouts))
        assert time.monotonic() - started < 5
    sentence = error.value.message
    assert sentence.endswith(".")
    assert not any(word in sentence for word in ("Errno", "Exception", "Traceback", "HTTPConnection", "\n"))
    return error.value


# The way there


def test_nobody_at_the_port_is_said_with_the_address():
    port = free_port()
    with pytest.raises(ServerLost, match=f"No server answers at http://127.0.0.1:{port}. Is it running"):
        Client(f"127.0.0.1:{port}").server()


def test_a_name_that_is_not_known_is_said():
    with pytest.raises(ServerLost, match="No computer named 'nowhere.invalid' is known"):
        Client("nowhere.invalid:8000", timeouts=QUICK).server()


@pytest.fixture
def deaf():
    """The address of a server that never takes a call: its queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    callers = [socket.socket() for _ in range(2)]
    for caller in callers:
        caller.setblocking(False)
        caller.connect_ex(listener.getsockname())
    time.sleep(0.1)
    yield "{}:{}".format(*listener.getsockname())
    for each in (*callers, listener):
        each.close()


def test_a_server_that_does_not_take_the_call_is_given_up_in_time(deaf):
    started = time.monotonic()
    with pytest.raises(ServerLost, match="does not answer in time"):
        Client(deaf, timeouts=QUICK).server()
    assert 0.3 < time.monotonic() - started < 5


def test_a_call_that_is_not_taken_can_be_cancelled(deaf):
    job = Job()
    threading.Timer(0.2, job.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        Client(deaf, timeouts=Timeouts(connect_s=20)).server(job)
    assert time.monotonic() - started < 5


# Answers that are none


def test_a_server_that_says_nothing_is_given_up_in_time():
    assert isinstance(raised(hangs(), timeouts=QUICK), ServerLost)


def test_a_server_that_stops_in_mid_answer_is_given_up_in_time():
    error = raised(hangs(HEAD + b"["), timeouts=QUICK)
    assert isinstance(error, ServerLost)
    assert "does not answer in time" in error.message


def test_a_server_that_drips_an_answer_forever_is_given_up_in_time():
    def drips(connection, here):
        heard(connection, here)
        connection.sendall(HEAD)
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.05)

    assert isinstance(raised(drips, timeouts=QUICK), ServerLost)


def test_a_server_that_drips_headers_forever_is_given_up_in_time():
    def drips(connection, here):
        heard(connection, here)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    assert isinstance(raised(drips, timeouts=QUICK), ServerLost)


def test_a_slow_answer_that_comes_in_time_is_an_answer():
    body = b'[{"image": "case_a"}]'
    drip = says(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), *(b"%c" % sign for sign in body), pause_s=0.01
    )
    with stage(drip) as server:
        assert [case.image for case in Client(server.url).cases()] == ["case_a"]


def test_a_connection_closed_without_an_answer_is_said():
    error = raised(says())
    assert isinstance(error, ServerLost)
    assert "broke the connection off" in error.message


def test_an_answer_shorter_than_announced_is_never_taken_for_whole():
    error = raised(says(HEAD + b"[]"))
    assert isinstance(error, BadAnswer)
    assert "998 bytes before its end" in error.message


def test_an_answer_in_pieces_that_lacks_its_last_is_never_taken_for_whole():
    assert isinstance(raised(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n")), BadAnswer)


def test_an_answer_in_pieces_is_put_together():
    pieces = (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[{"image"\r\n7\r\n: "a b"\r\n2\r\n}]\r\n0\r\n\r\n'
    )
    with stage(says(pieces)) as server:
        assert Client(server.url).cases()[0].image == "a b"


@pytest.mark.parametrize("garbage", [b"\x00\xff" * 50, b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
def test_something_that_speaks_no_http_is_said_to_be_that(garbage):
    error = raised(says(garbage), Client.server)
    assert isinstance(error, NotOurs)
    assert "does not speak HTTP" in error.message


def test_an_answer_that_is_no_json_shows_how_it_begins():
    error = raised(answers(b"<html>It works!</html>"))
    assert isinstance(error, BadAnswer)
    assert "<html>It works!" in error.message


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'[{"image": 7}]', b'[{"image": "a", "marks": "no"}]', b"[" * 100_000])
def test_json_of_another_shape_is_refused(body):
    assert isinstance(raised(answers(body)), BadAnswer)


def test_what_is_wrong_in_an_answer_is_named_by_its_place():
    error = raised(answers([{"image": "a"}, {"image": "b", "lease": {"holder": 3}}]))
    assert "cases[1].lease.holder is 3, expected a text" in error.message


# Statuses


def test_the_servers_reason_is_passed_on():
    detail = "point_mm lies outside the image; got [9, 9, 9]"
    error = raised(answers({"detail": detail}, "422 Unprocessable"))
    assert isinstance(error, Refused)
    assert (error.status, error.detail) == (422, detail)
    assert detail in error.message


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b'{"detail": [1]}', b'{"error": "x"}', b"\xff\xfe"])
def test_a_refusal_without_a_reason_still_has_a_sentence(body):
    error = raised(answers(body, "422 Unprocessable"))
    assert isinstance(error, Refused)
    assert "422" in error.message


def test_a_missing_token_is_said():
    error = raised(answers({"detail": "the token is missing or wrong"}, "401 Unauthorized"))
    assert isinstance(error, Refused)
    assert "token" in error.message


def test_a_conflict_carries_both_revisions():
    body = {"detail": "stale", "error": {"what": "stale", "revision": "r7", "head": "r6"}}
    error = raised(answers(body, "409 Conflict"))
    assert isinstance(error, Conflict)
    assert (error.status, error.revision, error.head) == (409, "r7", "r6")


def test_a_fault_carries_the_id_that_the_servers_log_explains():
    body = {"detail": "the server failed; its log explains id 3f", "error": {"what": "failed", "id": "3f"}}
    error = raised(answers(body, "500 Internal Server Error"))
    assert isinstance(error, ServerFault)
    assert error.id == "3f"
    assert "3f" in error.message


def test_a_full_disk_of_the_server_is_said_in_its_words():
    error = raised(answers({"detail": "the disk is full"}, "507 Insufficient Storage"))
    assert isinstance(error, ServerFault)
    assert "the disk is full" in error.message


def test_a_gateway_before_a_server_that_is_away_is_a_lost_server():
    assert isinstance(raised(answers(b"<h1>Bad Gateway</h1>", "502 Bad Gateway")), ServerLost)


def test_a_redirection_names_the_other_address():
    moved = answers(b"", "301 Moved Permanently", ["Location: https://lab.example/"])
    assert "https://lab.example/" in raised(moved, Client.server).message


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
def test_a_route_that_the_server_does_not_know_makes_it_too_old(status):
    error = raised(answers({"detail": status[4:]}, status))
    assert isinstance(error, TooOld)
    assert "too old" in error.message


# Cancelling


def test_cancelling_closes_the_connection_at_once():
    job = Job()
    with stage(hangs()) as server:
        threading.Timer(0.2, job.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            Client(server.url).cases(job)
        assert time.monotonic() - started < 5
        assert server.closed_by_client.wait(2)


@pytest.mark.parametrize("head", [HEAD + b"[", b"HTTP/1.0 200 OK\r\n\r\n[]"], ids=["counted", "until closed"])
def test_cancelling_in_mid_answer_is_never_taken_for_an_answer(head):
    job = Job()
    with stage(hangs(head)) as server:
        threading.Timer(0.2, job.cancel).start()
        with pytest.raises(Cancelled):
            Client(server.url).cases(job)


def test_work_that_was_cancelled_before_it_began_asks_nothing():
    job = Job()
    job.cancel()
    with stage(answers([])) as server:
        with pytest.raises(Cancelled):
            Client(server.url).cases(job)
        assert server.requests == []


def test_no_thread_and_no_connection_is_left_behind():
    before = threading.active_count()
    with stage(lambda connection, here: wait_for_the_client_to_leave(connection, here)) as server:
        with pytest.raises(ServerLost):
            Client(server.url, timeouts=QUICK).cases()
        assert server.closed_by_client.wait(2)
    deadline = time.monotonic() + 3
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() <= before


# What is sent


def test_a_token_goes_along_as_bearer():
    with stage(answers([])) as server:
        Client(server.url, token="s3cret").cases()
        Client(server.url).cases()
        first, second = server.requests
    assert first.headers["authorization"] == "Bearer s3cret"
    assert "authorization" not in second.headers


def test_names_of_any_script_and_sign_stay_one_part_of_the_path():
    with stage(answers({})) as server:
        Client(f"{server.url}/monai").give_back("Müller [1] #2 50%&/x", "slicer 3")
        line = server.requests[0].line
    assert line == "DELETE /monai/cases/M%C3%BCller%20%5B1%5D%20%232%2050%25%26%2Fx/lease?client_id=slicer%203 HTTP/1.1"


def test_proxies_of_the_environment_are_left_alone(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with stage(answers([])) as server:
        assert Client(server.url).cases() == ()
