"""A server in memory that answers clicks with balls, and the client of it; the test decides when and how it answers."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import threading
from collections import deque
from pathlib import Path

import numpy as np

from LesionLabLib.answers import (
    Answer,
    Case,
    Crop,
    FetchedLabel,
    RequestField,
    Saved,
    ServerInfo,
    TaskInfo,
    Training,
    Version,
)
from LesionLabLib.errors import Conflict, Refused, ServerLost
from tests.server.conftest import AFFINE, SHAPE, fill

CLICK = TaskInfo(
    "outline",
    "Outline",
    "shape",
    fields=(
        RequestField("point_mm", "point", required=True),
        RequestField("size_mm", "number", nullable=True, minimum=0.0, minimum_allowed=False),
        RequestField("exclude_mm", "points"),
        RequestField("probability", "boolean", default=False),
    ),
    explanations=("gradcam", "adversarial"),
    explain_fields=(RequestField("point_mm", "point", required=True), RequestField("size_mm", "number")),
)
FIND = TaskInfo(
    "find",
    "Find spots",
    "detect",
    fields=(RequestField("at_least", "number", default=0.5, minimum=0.0, maximum=1.0),),
    explanations=("gradcam", "deepshap"),
    explain_fields=(RequestField("point_mm", "point", nullable=True),),
)


#: The middle of the images.
MIDDLE_MM = tuple(AFFINE[:3, :3] @ (np.asarray(SHAPE) / 2) + AFFINE[:3, 3])


def ball(point_mm, size_mm) -> np.ndarray:
    """Voxel centres at most half the size from the point, on the whole lattice."""
    index = np.indices(SHAPE).reshape(3, -1)
    world = AFFINE[:3, :3] @ index + AFFINE[:3, 3:]
    return (np.linalg.norm(world - np.asarray(point_mm)[:, None], axis=0) <= size_mm / 2).reshape(SHAPE)


def crop_of(whole: np.ndarray) -> Crop:
    inside = np.argwhere(whole)
    if not len(inside):
        return Crop((0, 0, 0), AFFINE.copy(), np.zeros((1, 1, 1), np.uint8))
    low, high = inside.min(axis=0), inside.max(axis=0) + 1
    affine = AFFINE.copy()
    affine[:3, 3] = AFFINE[:3, :3] @ low + AFFINE[:3, 3]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return Crop(tuple(int(n) for n in low), affine, whole[box].astype(whole.dtype if whole.dtype != bool else np.uint8))


class FakeServer:
    """What the server knows, and what it was asked.

    Attributes:
        asked: every request as (method, details), in order.
        gate: requests that take work wait until it is open.
        refuse: raised by the next requests of a method: ``server.refuse["infer"].append(error)``.
        up: False makes every request fail as a server that is gone.
    """

    SETTLED_MM = 9.0

    def __init__(self, folder: Path) -> None:
        self.images = {path.name.removesuffix(".nii.gz"): path for path in sorted(fill(folder / "studies").iterdir())}
        self.folder = folder
        self.asked: list[tuple[str, object]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.refuse: dict[str, deque[Exception]] = {}
        self.up = True
        self.sessions: set[str] = set()
        self.labels: dict[str, list[tuple[str, Path]]] = {}
        self.marks: dict[str, bytes] = {}
        self.presence: dict[str, dict[str, bool]] = {}
        self.leases: dict[str, str] = {}
        self.answers: dict[str, Answer] = {}
        self.training = Training("job-1", "outline", "running", epochs=2, steps=10)
        self.versions = (Version("v1", current=True),)
        self.numbers = itertools.count(1)

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.asked)

    def details(self, method: str) -> list:
        return [details for name, details in self.asked if name == method]

    def note(self, method: str, details: object = None) -> None:
        self.asked.append((method, details))
        if not self.up:
            raise ServerLost("No server answers at http://fake.")
        if self.refuse.get(method):
            raise self.refuse[method].popleft()

    def will_refuse(self, method: str, error: Exception) -> None:
        self.refuse.setdefault(method, deque()).append(error)

    def store(self, case: str, file: Path) -> str:
        revision = f"rev-{next(self.numbers)}"
        kept = self.folder / f"{revision}{''.join(file.suffixes[-2:]) if file.name.endswith('.gz') else file.suffix}"
        shutil.copyfile(file, kept)
        self.labels.setdefault(case, []).append((revision, kept))
        return revision


class FakeClient:
    """`LesionLabLib.client.Client` without a network."""

    def __init__(self, server: FakeServer, url: str = "http://fake") -> None:
        self._server = server
        self.url = url

    def server(self, job=None):
        self._server.note("server")
        return ServerInfo(self.url, "0.1.0", 1, (FIND, CLICK), ("first",), ("outline",))

    def cases(self, job=None):
        self._server.note("cases")
        return tuple(
            Case(name, presence=tuple(self._server.presence.get(name, {}).items())) for name in self._server.images
        )

    def next_case(self, strategy, client_id, job=None):
        self._server.note("next_case", strategy)
        free = [name for name in self._server.images if name not in self._server.labels]
        if not free:
            return None
        self._server.leases[free[0]] = client_id
        return free[0]

    def hold(self, case, client_id, job=None):
        self._server.note("hold", case)
        if self._server.leases.get(case, client_id) != client_id:
            raise Conflict(f"The server has something newer: somebody else works on '{case}'.")
        self._server.leases[case] = client_id

    def give_back(self, case, client_id, job=None):
        self._server.note("give_back", case)
        self._server.leases.pop(case, None)

    def save_presence(self, case, label, present, reader, job=None):
        self._server.note("save_presence", (case, label, present, reader))
        self._server.presence.setdefault(case, {})[label] = present

    def fetch_image(self, case, folder, job=None):
        self._server.note("fetch_image", case)
        self._wait(job)
        if case not in self._server.images:
            raise Refused(f"The server refused: there is no image '{case}'.", 404)
        return Path(shutil.copy(self._server.images[case], folder))

    def fetch_label(self, case, tag, folder, job=None):
        self._server.note("fetch_label", case)
        if not self._server.labels.get(case):
            return None
        revision, path = self._server.labels[case][-1]
        return FetchedLabel(Path(shutil.copy(path, folder)), revision)

    def fetch_marks(self, case, job=None):
        self._server.note("fetch_marks", case)
        return self._server.marks.get(case)

    def save_marks(self, case, marks, job=None):
        self._server.note("save_marks", case)
        self._server.marks[case] = marks

    def save_label(self, case, file, parent, provenance, job=None, tag="final"):
        self._server.note("save_label", (case, parent, provenance))
        self._wait(job)
        head = self._server.labels[case][-1][0] if self._server.labels.get(case) else None
        if parent != head:
            detail = "somebody else saved this label in the meantime"
            raise Conflict(f"The server has something newer: {detail}.", detail, "rev-ours", head or "")
        revision = self._server.store(case, file)
        return Saved(revision, parent, hashlib.sha256(file.read_bytes()).hexdigest())

    def open_session(self, file, job=None):
        assert file.stat().st_size > 0
        self._server.note("open_session", file)
        session = f"session-{next(self._server.numbers)}"
        self._server.sessions.add(session)
        return session

    def infer(self, task, source, request, job=None):
        self._server.note("infer", (task, source, dict(request)))
        self._wait(job)
        if not self._server.up:
            raise ServerLost("The server at http://fake broke the connection off.")
        if source.session and source.session not in self._server.sessions:
            raise Refused("The server refused: there is no such session.", 404)
        if "explain" in request:
            self._server.note("explain", (task, dict(request)))
            warm = ball(request.get("point_mm", MIDDLE_MM), 8.0).astype(np.float32)
            return Answer("shape", heat=crop_of(-warm if request["explain"] == "adversarial" else warm))
        if task in self._server.answers:
            return self._server.answers[task]
        size = request.get("size_mm") or self._server.SETTLED_MM
        whole = ball(request["point_mm"], size)
        for point in request.get("exclude_mm", ()):
            whole &= ~ball(point, 4.0)
        chance = crop_of(whole.astype(np.float32)) if request.get("probability") else None
        return Answer(
            "shape",
            mask=crop_of(whole),
            probability=chance,
            diameter_mm=size,
            volume_mm3=float(whole.sum()) * 3.0,
            size_mm=size,
            size_given="size_mm" in request,
            certainty=0.75,
            model_version="fake-1",
        )

    def start_training(self, task, epochs=None, job=None):
        self._server.note("start_training", (task, epochs))
        return self._server.training.id

    def training(self, id, job=None):
        self._server.note("training", id)
        return self._server.training

    def cancel_training(self, id, job=None):
        self._server.note("cancel_training", id)

    def versions(self, task, job=None):
        self._server.note("versions", task)
        return self._server.versions

    def use_version(self, task, version, job=None):
        self._server.note("use_version", (task, version))

    def _wait(self, job) -> None:
        while not self._server.gate.wait(0.01):
            if job is not None:
                job.check()
