"""Kill the server at random moments while clients save labels and train; then look whether anything is lost.

``python -m benchmarks.kill_server --kills 200 --json benchmarks/results/kill_server.json``

After each kill the ledger is read without a server: every answered save is there with its content, the heads are one chain,
SQLite finds its file whole. Then the next server must come up and give each head as label and as working file.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import nibabel
import numpy as np

from benchmarks.kill_clients import SHAPE, Client
from benchmarks.nursery import Nursery
from benchmarks.served import free_port
from lesionlab.errors import InternalError
from lesionlab.store.blobs import checksum_of
from lesionlab.store.house import House
from lesionlab.store.ledger import Ledger
from lesionlab.store.ledger_check import problems
from lesionlab.store.revision import Outcome, Source

IMAGES = ("case_a", "case_b", "case_c")
_ENDED = frozenset(("done", "failed", "cancelled"))
_UP_SECONDS, _JOBS_SECONDS = 180.0, 300.0


@dataclass
class Report:
    """What happened; ``lost``, ``corrupt`` and ``inconsistent`` must be empty."""

    kills: int = 0
    seconds: float = 0.0
    answered: int = 0
    unanswered: int = 0
    sent_again: int = 0
    revisions: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    working_files_behind: int = 0
    jobs: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    inconsistent: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was lost."""
        return not (self.lost or self.corrupt or self.inconsistent)


def kill_often(folder: Path, kills: int, seed: int, *, train: bool) -> Report:
    """Serve a new folder, kill the server ``kills`` times, and report.

    Args:
        folder: an empty one.
        kills: how often.
        seed: of the moments and of the labels.
        train: whether trainings are started and cancelled too.

    Raises:
        InternalError: a server does not come up, or a client got what it must not get.
    """
    studies, rng, report, started = _studies(folder), np.random.default_rng(seed), Report(), time.monotonic()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    clients = [Client(url, f"client {n}", IMAGES, seed + n, stock=n == 3) for n in range(4)]
    with Nursery(studies, port, folder / "server.log") as nursery:
        nursery.start()
        for client in clients:
            client.start()
        for number in range(kills):
            _check_served(url, studies, report)
            if train and number % 4 == 0:
                _train_or_cancel(url, rng)
            time.sleep(float(rng.uniform(0.0, 0.8)))
            nursery.kill()
            report.kills += 1
            _check_stored(studies, clients, report)
            failed = [client.failure for client in clients if client.failure]
            if failed:
                raise InternalError("a client got a wrong answer", got="; ".join(failed))
            nursery.start()
        for client in clients:
            client.stop()
        for client in clients:
            client.join(60)
        _check_served(url, studies, report)
        report.jobs = _settled_jobs(url)
    _check_stored(studies, clients, report)
    _sum_up(studies, clients, report)
    report.seconds = round(time.monotonic() - started, 1)
    return report


def _studies(folder: Path) -> Path:
    studies = folder / "studies"
    studies.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in IMAGES:
        image = nibabel.Nifti1Image(rng.integers(-1000, 1000, SHAPE).astype(np.int16), np.eye(4))
        (studies / f"{name}.nii.gz").write_bytes(gzip.compress(image.to_bytes(), 1))
    return studies


def _check_stored(studies: Path, clients: list[Client], report: Report) -> None:
    """Look at the files of a server that is dead: what it had answered must be there."""
    folder = House.of(str(studies)).root
    with contextlib.closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        said = database.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        report.inconsistent.append(f"SQLite: {said}")
    with contextlib.closing(Ledger(folder)) as ledger:
        report.corrupt += problems(ledger, deep=True)
        known = {one.id: one for one in ledger.all()}
        for client in clients:
            for saved in list(client.answered):
                kept = known.get(saved.revision)
                if kept is None or kept.blob is None or kept.blob.checksum != saved.checksum:
                    report.lost.append(f"{client.name}: {saved}")
                elif saved.conflict != (kept.outcome is Outcome.CONFLICT):
                    report.inconsistent.append(f"{client.name}: {saved} is recorded as {kept.outcome}")
        for image in IMAGES:
            _check_history(ledger, studies, image, report)


def _check_history(ledger: Ledger, studies: Path, image: str, report: Report) -> None:
    history, written = ledger.history(image, "final"), ledger.working.get(image, "final")
    before = ""
    for one in history:
        if one.outcome is Outcome.HEAD:
            if one.draft.source is Source.CLIENT and (one.draft.parent or "") != before:
                report.inconsistent.append(f"{one.id} took the place of {before}, which it did not know")
            before = one.id
    ours = Counter(one.blob.checksum for one in history if one.blob and one.draft.source is Source.CLIENT)
    report.inconsistent += [f"{content} was recorded {n} times" for content, n in ours.items() if n > 1]
    report.inconsistent += [
        f"{one.id} was taken for a file put by hand" for one in history if one.draft.source == "file"
    ]
    file = studies / "labels" / "final" / f"{image}.nii.gz"
    if file.exists():
        with contextlib.suppress(EOFError, gzip.BadGzipFile):
            nibabel.Nifti1Image.from_bytes(gzip.decompress(file.read_bytes()))
            report.working_files_behind += before != "" and (written is None or written.revision != before)
            return
        report.corrupt.append(f"working file of {image}")


def _check_served(url: str, studies: Path, report: Report) -> None:
    """A server must come up, list every head, and give its content as label."""
    _wait(url)
    with httpx.Client(base_url=url, timeout=60) as http:
        cases = http.get("/cases/").json()
        for case in cases:
            if case["revision"] is None:
                continue
            entry = next(e for e in http.get(f"/ledger/{case['image']}").json() if e["revision"] == case["revision"])
            read = http.get(f"/datastore/label?label={case['image']}&tag=final&revision={case['revision']}")
            nibabel.Nifti1Image.from_bytes(gzip.decompress(read.content))
            if entry["outcome"] != "head":
                report.inconsistent.append(f"{case} is no head")
    if [case["image"] for case in cases] != list(IMAGES):
        report.lost.append(f"images: {cases}")


def _wait(url: str) -> None:
    deadline = time.monotonic() + _UP_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/info/", timeout=60)
            return
        time.sleep(0.02)
    raise InternalError("the server does not come up again", expected=f"within {_UP_SECONDS:.0f} s")


def _train_or_cancel(url: str, rng: np.random.Generator) -> None:
    with contextlib.suppress(httpx.TransportError), httpx.Client(base_url=url, timeout=10) as http:
        alive = [job for job in http.get("/jobs/").json() if job["state"] not in _ENDED]
        if not alive:
            http.post("/train/lesion_shape", json={"epochs": 1})
        elif rng.random() < 0.5:
            http.delete(f"/jobs/{alive[0]['id']}")


def _settled_jobs(url: str) -> dict[str, int]:
    """Wait until no job is alive (those of the last moment are cancelled); the number in each state."""
    deadline = time.monotonic() + _JOBS_SECONDS
    with httpx.Client(base_url=url, timeout=60) as http:
        while alive := [job for job in http.get("/jobs/").json() if job["state"] not in _ENDED]:
            if time.monotonic() > deadline:
                raise InternalError("a job does not end", got=alive)
            http.delete(f"/jobs/{alive[0]['id']}")
            time.sleep(0.5)
        jobs = http.get("/jobs/").json()
    silent = [job["id"] for job in jobs if job["state"] == "failed" and not job["message"]]
    if silent:
        raise InternalError("jobs failed without a reason", got=silent)
    return dict(Counter(job["state"] for job in jobs))


def _sum_up(studies: Path, clients: list[Client], report: Report) -> None:
    with contextlib.closing(Ledger(House.of(str(studies)).root)) as ledger:
        everything = ledger.all()
        for image in IMAGES:
            head, file = ledger.head(image, "final"), studies / "labels" / "final" / f"{image}.nii.gz"
            if head is not None and head.blob is not None and checksum_of(file) != head.blob.checksum:
                report.inconsistent.append(f"the working file of {image} is not that of its head")
    report.revisions = len(everything)
    report.outcomes = dict(Counter(one.outcome.value for one in everything))
    report.answered = sum(len(client.answered) for client in clients)
    report.unanswered = sum(client.unanswered for client in clients)
    report.sent_again = sum(client.again for client in clients)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-train", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = kill_often(Path(folder), given.kills, given.seed, train=not given.no_train)
    text = json.dumps({**asdict(report), "whole": report.whole}, indent=1)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    raise SystemExit(0 if report.whole else 1)


if __name__ == "__main__":
    main()
