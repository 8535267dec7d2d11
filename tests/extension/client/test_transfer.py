"""Files to and from the server: whole or not at all, with progress, and cancelled at once."""

from __future__ import annotations

import hashlib
import json
import resource
import threading
import time
import tracemalloc

import pytest

from LesionLabLib.answers import Provenance
from LesionLabLib.client import Client, Timeouts
from LesionLabLib.errors import BadAnswer, Cancelled, Conflict, LocalFault, Refused, ServerLost, TooOld
from LesionLabLib.worker import Job
from tests.extension.client.stage import answers, hangs, heard, respond, says, stage, wait_for_the_client_to_leave

CONTENT = bytes(range(256)) * 4096  # 1 MiB
GZIP = b"\x1f\x8b" + CONTENT


class Reports(Job):
    """A job that remembers what was reported, and may be cancelled by it."""

    def __init__(self, cancel_at=2.0):
        super().__init__()
        self.shares = []
        self._cancel_at = cancel_at

    def report(self, share, text=""):
        self.shares.append(share)
        if share is not None and share >= self._cancel_at:
            self.cancel()
        super().report(share, text)


def attachment(name):
    return [f'Content-Disposition: attachment; filename="{name}"']


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "out" / "volume.nii.gz"
    path.parent.mkdir()
    path.write_bytes(GZIP)
    return path


# Downloads


def test_an_image_lies_in_the_folder_under_the_name_of_its_case_and_the_suffix_of_its_file(tmp_path):
    with stage(answers(CONTENT, headers=attachment("whatever.nrrd"))) as server:
        path = Client(server.url).fetch_image("case a", tmp_path / "new" / "folder")

        assert path == tmp_path / "new" / "folder" / "case a.nrrd"
        assert path.read_bytes() == CONTENT
        assert [each.name for each in path.parent.iterdir()] == ["case a.nrrd"]
        assert server.requests[0].line == "GET /datastore/image?image=case%20a HTTP/1.1"


@pytest.mark.parametrize(
    ("content", "header", "name"),
    [
        (GZIP, [], "case.nii.gz"),
        (b"NRRD0005\n", [], "case.nrrd"),
        (b"\x89PNG\r\n", [], "case.png"),
        (b"\x5c\x01\x00\x00", [], "case.nii"),
        (b"NRRD0005\n", attachment("../../etc/passwd"), "case.nrrd"),
        (GZIP, attachment("A.NII.GZ"), "case.nii.gz"),
        (GZIP, ["Content-Disposition: attachment; filename*=utf-8''k%C3%B6ln.nii.gz"], "case.nii.gz"),
    ],
)
def test_a_file_has_the_suffix_that_the_server_or_its_content_tells(tmp_path, content, header, name):
    with stage(answers(content, headers=header)) as server:
        assert Client(server.url).fetch_image("case", tmp_path).name == name


def test_a_case_whose_name_no_file_system_takes_gets_another_file_name(tmp_path):
    with stage(answers(b"NRRD0005\n")) as server:
        assert Client(server.url).fetch_image("a:b/../c*", tmp_path) == tmp_path / "a_b_.._c_.nrrd"


def test_a_label_lies_beside_its_image_and_knows_its_revision(tmp_path):
    header = [*attachment("case.nii.gz"), "X-LesionLab-Revision: r5"]
    with stage(answers(GZIP, headers=header)) as server:
        client = Client(server.url)
        image, label = client.fetch_image("case", tmp_path), client.fetch_label("case", "final", tmp_path)

    assert image != label.path
    assert label.revision == "r5"
    assert label.path.read_bytes() == GZIP


def test_a_case_without_label_or_marks_has_none(tmp_path):
    with stage(answers({"detail": "there is no such label"}, "404 Not Found")) as server:
        assert Client(server.url).fetch_label("case", "final", tmp_path / "x") is None
        assert Client(server.url).fetch_marks("case") is None
    assert list((tmp_path / "x").iterdir()) == []


def test_progress_of_a_download_grows_to_the_whole(tmp_path):
    job = Reports()
    with stage(answers(CONTENT)) as server:
        Client(server.url).fetch_image("case", tmp_path, job)

    assert job.shares == sorted(job.shares)
    assert len(job.shares) >= 4
    assert job.shares[-1] == 1.0


def half(rest):
    """A server that sends half of a file, and then does something else."""

    def act(connection, here):
        heard(connection, here)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT[: len(CONTENT) // 2]
        )
        rest(connection, here)

    return act


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (half(lambda connection, here: None), BadAnswer),
        (half(wait_for_the_client_to_leave), ServerLost),
        (answers({"detail": "no"}, "422 No"), Refused),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n"), BadAnswer),
    ],
    ids=["cut off", "stops", "refused", "lacks its end"],
)
def test_nothing_of_a_file_that_did_not_come_whole_is_left(tmp_path, act, error):
    (tmp_path / "case.nii").write_bytes(b"the one before")
    with stage(act) as server, pytest.raises(error):
        Client(server.url, timeouts=Timeouts(1, 0.4, 0.4)).fetch_image("case", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["case.nii"]
    assert (tmp_path / "case.nii").read_bytes() == b"the one before"


def test_a_cancelled_download_ends_at_once_and_leaves_nothing(tmp_path):
    job = Job()
    with stage(half(wait_for_the_client_to_leave)) as server:
        threading.Timer(0.2, job.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            Client(server.url).fetch_image("case", tmp_path, job)
        assert time.monotonic() - started < 5
        assert server.closed_by_client.wait(2)
    assert list(tmp_path.iterdir()) == []


def test_a_download_of_unknown_length_that_is_cancelled_is_never_taken_for_whole(tmp_path):
    job = Job()
    with stage(hangs(b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT)) as server:
        threading.Timer(0.3, job.cancel).start()
        with pytest.raises(Cancelled):
            Client(server.url).fetch_image("case", tmp_path, job)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_files():
    """For a while no file of this process may grow beyond 64 KiB, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_is_not_blamed_on_the_server(tmp_path, small_files):
    with stage(answers(CONTENT)) as server, pytest.raises(LocalFault, match="This computer cannot write"):
        Client(server.url).fetch_image("case", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with stage(answers(CONTENT)) as server, pytest.raises(LocalFault, match="cannot write into"):
        Client(server.url).fetch_image("case", tmp_path / "file" / "below")


# Uploads


def form_of(request):
    """The parts of a form: (headers, content)."""
    mark = request.headers["content-type"].partition("boundary=")[2].encode()
    parts = request.body.split(b"--" + mark)[1:-1]
    return [part[2:-2].partition(b"\r\n\r\n")[::2] for part in parts]


def test_an_image_is_sent_as_it_is_with_progress(file):
    job = Reports()
    with stage(answers({"session_id": "s1"})) as server:
        assert Client(server.url).open_session(file, job) == "s1"
        request = server.requests[0]

    [(head, content)] = form_of(request)
    assert request.line == "PUT /session/ HTTP/1.1"
    assert b'name="files"; filename="image.nii.gz"' in head
    assert content == GZIP
    assert job.shares == sorted(job.shares)
    assert len(job.shares) >= 4
    assert job.shares[-1] == 1.0


def test_a_large_file_never_lies_in_memory(tmp_path):
    large = tmp_path / "large.nrrd"
    with large.open("wb") as stream:
        stream.truncate(200 << 20)

    def swallow(connection, here):
        data = connection.recv(65536)
        left = (
            int(data.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]) + data.index(b"\r\n\r\n") + 4 - len(data)
        )
        room = bytearray(1 << 20)
        while left > 0:
            left -= connection.recv_into(room)
        respond(connection, {"session_id": "s"})

    tracemalloc.start()
    with stage(swallow) as server:
        Client(server.url).open_session(large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 16 << 20


def test_an_upload_is_cancelled_in_its_midst(file):
    job = Reports(cancel_at=0.4)
    with stage(answers({"session_id": "s"})) as server:
        with pytest.raises(Cancelled):
            Client(server.url).open_session(file, job)
        assert server.requests == []
    assert max(job.shares) < 0.9


def test_an_upload_that_the_server_does_not_take_in_is_cancelled_at_once(tmp_path):
    large, job = tmp_path / "large.nrrd", Job()
    with large.open("wb") as stream:
        stream.truncate(64 << 20)
    done = threading.Event()
    with stage(lambda connection, here: done.wait(10)) as server:
        threading.Timer(0.3, job.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            Client(server.url).open_session(large, job)
        assert time.monotonic() - started < 5
        done.set()


def test_a_refusal_in_the_midst_of_an_upload_is_heard(tmp_path):
    large = tmp_path / "large.nrrd"
    with large.open("wb") as stream:
        stream.truncate(64 << 20)

    def refuse(connection, here):
        connection.recv(65536)
        respond(connection, {"detail": "at most 2 MiB"}, "413 Too Large")
        connection.shutdown(1)
        deadline = time.monotonic() + 5
        while connection.recv(1 << 20) and time.monotonic() < deadline:
            pass

    with stage(refuse) as server, pytest.raises(Refused, match="larger than the server takes: at most 2 MiB"):
        Client(server.url).open_session(large)


def test_a_server_that_goes_in_the_midst_of_an_upload_is_lost(tmp_path):
    large = tmp_path / "large.nrrd"
    with large.open("wb") as stream:
        stream.truncate(64 << 20)
    with stage(lambda connection, here: connection.recv(1000)) as server, pytest.raises(ServerLost):
        Client(server.url).open_session(large)


def test_a_file_that_is_not_there_or_shrinks_is_a_fault_of_this_computer(tmp_path, file):
    with stage(answers({"session_id": "s"})) as server:
        with pytest.raises(LocalFault, match="cannot read"):
            Client(server.url).open_session(tmp_path / "none.nii")

        class Shrinks(Job):
            def report(self, share, text=""):
                file.write_bytes(b"")

        with pytest.raises(LocalFault, match="became shorter"):
            Client(server.url).open_session(file, Shrinks())


# Labels


def label_server(kept=None, revision="r2", checksum=None):
    """A server that keeps a label; ``kept`` changes what it keeps."""
    state = {}

    def act(connection, here):
        request = heard(connection, here)
        if request.line.startswith("PUT"):
            content = dict(form_of(request))[next(head for head, _ in form_of(request) if b'name="label"' in head)]
            state["label"] = content if kept is None else kept
            total = checksum or hashlib.sha256(state["label"]).hexdigest()
            respond(connection, {"image": "case", "revision": revision, "parent": "r1", "checksum": total})
        else:
            respond(connection, state["label"])

    return act


def test_a_saved_label_is_read_back_by_its_revision(file):
    provenance = Provenance("Dr. Köhler", "slicer-1", "v2", ({"point_mm": (1.0, 2.0, 3.0)},))
    with stage(label_server()) as server:
        saved = Client(server.url).save_label("case", file, "r1", provenance)
        put, get = server.requests

    assert (saved.revision, saved.parent) == ("r2", "r1")
    assert saved.checksum == hashlib.sha256(GZIP).hexdigest()
    assert put.line == "PUT /datastore/label?image=case&tag=final&parent=r1 HTTP/1.1"
    assert get.line == "GET /datastore/label?label=case&tag=final&revision=r2 HTTP/1.1"
    (_, params), (head, content) = form_of(put)
    assert json.loads(params) == {
        "author": "Dr. Köhler", "client_id": "slicer-1", "model_version": "v2", "prompts": [{"point_mm": [1.0, 2.0, 3.0]}],
    }  # fmt: skip
    assert b'filename="label.nii.gz"' in head
    assert content == GZIP


def test_a_label_that_grew_from_nothing_says_so_and_leaves_out_what_is_not_known(file):
    with stage(label_server()) as server:
        Client(server.url).save_label("case", file, None, Provenance())
        put = server.requests[0]

    assert put.line == "PUT /datastore/label?image=case&tag=final&parent= HTTP/1.1"
    assert json.loads(form_of(put)[0][1]) == {}


@pytest.mark.parametrize(
    "server_", [label_server(kept=GZIP[:-1]), label_server(kept=b"\x00" + GZIP[1:]), label_server(checksum="0" * 64)]
)
def test_a_label_that_comes_back_changed_is_not_called_saved(file, server_):
    with stage(server_) as server, pytest.raises(BadAnswer, match="another label"):
        Client(server.url).save_label("case", file, "r1", Provenance())


def test_a_label_that_somebody_else_overtook_is_a_conflict(file):
    body = {"detail": "stale parent", "error": {"what": "stale", "revision": "r3", "head": "r2"}}
    with stage(answers(body, "409 Conflict")) as server, pytest.raises(Conflict) as error:
        Client(server.url).save_label("case", file, "r1", Provenance())

    assert (error.value.revision, error.value.head) == ("r3", "r2")


def test_a_server_without_history_is_too_old_to_save_to(file):
    with stage(answers({"image": "case", "label": "case"})) as server, pytest.raises(TooOld, match="history"):
        Client(server.url).save_label("case", file, None, Provenance())
