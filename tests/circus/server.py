"""A stand-in for CIRCUS DB's API server that enforces what its published schemas and handlers demand."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"
READ_ONLY = "f" * 40
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_SHA1 = re.compile(r"[0-9a-f]{40}")


class RefusedError(Exception):
    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def check(good: bool, said: str) -> None:
    if not good:
        raise RefusedError(400, said)


def numbers(value: Any, count: int, whole: bool = False) -> bool:
    kinds = (int,) if whole else (int, float)
    return isinstance(value, list) and len(value) == count and all(type(one) in kinds for one in value)


class Circus:
    """The state of the server: cases, blobs, volumes and tasks."""

    def __init__(self) -> None:
        self.cases: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        #: (series uid) -> size (x, y, z), spacing, bytes of int16 voxels with x fastest
        self.volumes: dict[str, tuple[tuple[int, int, int], tuple[float, float, float], bytes]] = {}
        self.tasks: dict[str, list[Any]] = {}
        self.requests: list[str] = []

    def put_blob(self, sha1: str, body: bytes) -> None:
        check(len(body) > 0, "Empty content was sent.")
        if len(body) > 20_000_000:
            raise RefusedError(413, "request entity too large")
        check(hashlib.sha1(body).hexdigest() == sha1, "Hash mismatch.")
        self.blobs[sha1] = body

    def post_revision(self, case: dict[str, Any], revision: Any, creator: str) -> None:
        check(isinstance(revision, dict), "data should be object")
        check("date" not in revision, "You cannot specify revision date.")
        check("creator" not in revision, "You cannot specify revision creator.")
        allowed = {"description", "attributes", "status", "series"}
        for name in allowed:
            check(name in revision, f"data should have required property '{name}'")
        check(set(revision) == allowed, f"should NOT have additional properties {set(revision) - allowed}")
        check(isinstance(revision["description"], str) and isinstance(revision["status"], str), "should be string")
        check(isinstance(revision["attributes"], dict), "should be object")
        for series in revision["series"]:
            check({"seriesUid", "labels"} <= set(series), "series should have seriesUid and labels")
            check(set(series) <= {"seriesUid", "labels", "partialVolumeDescriptor"}, "series: additional properties")
            check(_UID.fullmatch(series["seriesUid"]) is not None, "should match format dicomUid")
            volume = series.get("partialVolumeDescriptor", {"start": 1, "end": 1})
            check({"start", "end"} <= set(volume) <= {"start", "end", "delta"}, "bad partialVolumeDescriptor")
            for label in series["labels"]:
                self.check_label(label)
        case["revisions"].append({**revision, "date": "2025-10-01T00:00:00.000Z", "creator": creator})

    def check_label(self, label: dict[str, Any]) -> None:
        check(
            {"type", "data"} <= set(label) <= {"type", "data", "name", "attributes"}, f"label: wrong keys {set(label)}"
        )
        check(label.get("name") is None or isinstance(label["name"], str), "name should be string")
        check(isinstance(label.get("attributes", {}), dict), "attributes should be object")
        data = label["data"]
        check(re.fullmatch(r"#[0-9a-f]{6}", data.get("color", "#000000")) is not None, "color")
        check(0 <= data.get("alpha", 1) <= 1, "alpha")
        kind = label["type"]
        if kind == "voxel":
            check("voxels" in data, "voxels is required")
            if data["voxels"] is None:
                return
            check(_SHA1.fullmatch(data["voxels"]) is not None, "voxels should match format sha1hex")
            check(data["voxels"] in self.blobs, "voxel data blob is not stored")
            check(
                numbers(data.get("origin"), 3, True) and numbers(data.get("size"), 3, True), "origin and size: integers"
            )
            x, y, z = data["size"]
            check(len(self.blobs[data["voxels"]]) == (x * y * z + 7) // 8, "blob does not fit size")
        elif kind in ("cuboid", "ellipsoid"):
            check(numbers(data.get("min"), 3) and numbers(data.get("max"), 3), "min and max: three numbers")
        elif kind in ("rectangle", "ellipse"):
            check(numbers(data.get("min"), 2) and numbers(data.get("max"), 2) and "z" in data, "min, max, z")
        elif kind == "polyline":
            check(all(numbers(point, 2) for point in data["points"]) and "z" in data, "points, z")
        elif kind == "point":
            check(numbers(data.get("location"), 3), "location: three numbers")
        elif kind == "ruler":
            check(
                numbers(data.get("start"), 3) and numbers(data.get("end"), 3) and "section" in data,
                "start, end, section",
            )
        else:
            raise RefusedError(400, f"unknown type {kind}")

    def files(self, case_id: str, revision: int | None, pack: str) -> dict[str, bytes]:
        case = self.cases[case_id]
        chosen = case["revisions"][-1 if revision is None else revision]
        content = {key: case[key] for key in ("caseId", "projectId")}
        made = {f"{case_id}/data.json": json.dumps({**content, "latestRevision": chosen}).encode()}
        for number, series in enumerate(chosen["series"]):
            size, spacing, voxels = self.volumes[series["seriesUid"]]
            base = f"{case_id}/vol{number:03}"
            made |= mhd(base, size, spacing, voxels, "MET_SHORT")
            together = bytearray(size[0] * size[1] * size[2])
            for index, label in enumerate(series["labels"]):
                if label["type"] != "voxel" or not label["data"]["voxels"]:
                    continue
                full = self.spread(label["data"], size)
                if pack == "isolated":
                    made |= mhd(f"{base}-label{index:03}", size, spacing, bytes(full), "MET_UCHAR")
                for place, value in enumerate(full):
                    if value:
                        together[place] = index + 1
            if pack == "combined" and any(together):
                made |= mhd(f"{base}-label", size, spacing, bytes(together), "MET_UCHAR")
        return made

    def spread(self, data: dict[str, Any], size: tuple[int, int, int]) -> bytearray:
        """One byte per voxel, bit by bit, in the way the format says."""
        blob, (ox, oy, oz), (sx, sy, sz) = self.blobs[data["voxels"]], data["origin"], data["size"]
        full = bytearray(size[0] * size[1] * size[2])
        for n in range(sx * sy * sz):
            if blob[n // 8] >> (7 - n % 8) & 1:
                x, y, z = ox + n % sx, oy + n // sx % sy, oz + n // (sx * sy)
                full[x + size[0] * (y + size[1] * z)] = 1
        return full


def mhd(base: str, size: Any, spacing: Any, voxels: bytes, kind: str) -> dict[str, bytes]:
    name = base.rsplit("/", maxsplit=1)[-1]
    lines = [
        "ObjectType = Image", "NDims = 3", f"DimSize = {size[0]} {size[1]} {size[2]}", f"ElementType = {kind}",
        f"ElementSpacing = {spacing[0]} {spacing[1]} {spacing[2]}", "ElementByteOrderMSB = False",
        f"ElementDataFile = {name}.raw",
    ]  # fmt: skip
    return {f"{base}.mhd": ("\n".join(lines) + "\n").encode(), f"{base}.raw": voxels}


def tgz(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


class _Handler(BaseHTTPRequestHandler):
    circus: Circus
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        self.circus.requests.append(format % args)

    def answer(self, status: int, content: bytes = b"", kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle_it(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.route(body)
        except RefusedError as refused:
            self.answer(refused.status, json.dumps({"error": str(refused)}).encode())

    do_GET = do_POST = do_PUT = handle_it  # noqa: N815 - names of the standard library

    def route(self, body: bytes) -> None:
        given = self.headers.get("Authorization", "")
        if given not in (f"Bearer {TOKEN}", f"Bearer {READ_ONLY}"):
            raise RefusedError(401, "You are not logged in")
        url = urlsplit(self.path)
        parts = [part for part in url.path.split("/") if part]
        routes: dict[tuple[str, str], Callable[[list[str], bytes, dict[str, list[str]]], None]] = {
            ("GET", "cases"): self.get_cases,
            ("POST", "cases"): self.post_cases,
            ("GET", "blob"): self.get_blob,
            ("PUT", "blob"): self.put_blob,
            ("GET", "tasks"): self.get_task,
        }
        if parts[:1] != ["api"] or (self.command, parts[1]) not in routes:
            raise RefusedError(404, "Not found")
        routes[self.command, parts[1]](parts[2:], body, parse_qs(url.query))

    def found(self, case_id: str) -> dict[str, Any]:
        if case_id not in self.circus.cases:
            raise RefusedError(404, f"case {case_id} was not found")
        return self.circus.cases[case_id]

    def get_cases(self, parts: list[str], body: bytes, query: dict[str, list[str]]) -> None:
        if parts:
            self.answer(200, json.dumps(self.found(parts[0])).encode())
            return
        wanted = json.loads(query.get("filter", ["{}"])[0])
        check(set(wanted) <= {"projectId", "caseId", "tags"}, "Bad filter.")
        cases = [case for case in self.circus.cases.values() if wanted.get("projectId") in (None, case["projectId"])]
        limit, page = int(query.get("limit", ["10"])[0]), int(query.get("page", ["1"])[0])
        items = [{"caseId": case["caseId"]} for case in cases[(page - 1) * limit : page * limit]]
        self.answer(200, json.dumps({"items": items, "totalItems": len(cases)}).encode())

    def post_cases(self, parts: list[str], body: bytes, query: dict[str, list[str]]) -> None:
        content = json.loads(body)
        if parts == ["export-mhd"]:
            check(0 < len(content["caseIds"]) <= 100, "caseIds")
            check(
                content["labelPackType"] in ("isolated", "combined") and content["mhdLineEnding"] in ("lf", "crlf"),
                "pack",
            )
            check(content["compressionFormat"] in ("tgz", "zip"), "compressionFormat")
            files: dict[str, bytes] = {}
            for one in content["caseIds"]:
                case_id, revision = (one, None) if isinstance(one, str) else (one["caseId"], one["revisionIndex"])
                self.found(case_id)
                files |= self.circus.files(case_id, revision, content["labelPackType"])
            packed = (tgz if content["compressionFormat"] == "tgz" else zipped)(files)
            task = f"task{len(self.circus.tasks)}"
            self.circus.tasks[task] = [2, packed]  # asked twice, it is still processing
            self.answer(201, json.dumps({"taskId": task}).encode())
            return
        if len(parts) != 2 or parts[1] != "revision":
            raise RefusedError(404, "Not found")
        case = self.found(parts[0])
        if self.headers["Authorization"] == f"Bearer {READ_ONLY}":
            raise RefusedError(401, "You do not have write privilege")
        self.circus.post_revision(case, content, "bob@example.com")
        self.answer(204)

    def get_blob(self, parts: list[str], body: bytes, query: dict[str, list[str]]) -> None:
        if parts[0] not in self.circus.blobs:
            raise RefusedError(404, "Not found")
        self.answer(200, self.circus.blobs[parts[0]], "application/octet-stream")

    def put_blob(self, parts: list[str], body: bytes, query: dict[str, list[str]]) -> None:
        check(self.headers.get("Content-Type") == "application/octet-stream", "content type")
        self.circus.put_blob(
            parts[0], gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        )
        self.answer(200)

    def get_task(self, parts: list[str], body: bytes, query: dict[str, list[str]]) -> None:
        if parts[0] not in self.circus.tasks:
            raise RefusedError(404, "Not found")
        task = self.circus.tasks[parts[0]]
        if parts[1:] == ["download"]:
            if task[0] > 0:
                raise RefusedError(409, "This task has not been completed.")
            self.answer(200, task[1], "application/octet-stream")
            return
        task[0] -= 1
        self.answer(
            200, json.dumps({"taskId": parts[0], "status": "finished" if task[0] <= 0 else "processing"}).encode()
        )


@contextmanager
def serving(circus: Circus) -> Iterator[str]:
    """The server on a free port of loopback; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"circus": circus}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
