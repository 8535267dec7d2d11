"""A real Orthanc with its DICOMweb plug-in, on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.server.conftest import free_port

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True)
class Orthanc:
    url: str
    refusing: Path

    @property
    def dicomweb(self) -> str:
        return f"{self.url}/dicom-web"

    def store(self, folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            httpx.post(f"{self.url}/instances", content=path.read_bytes(), timeout=30).raise_for_status()

    def series(self, modality: str) -> list[dict]:
        found = httpx.get(f"{self.url}/series?expand", timeout=30).json()
        return [one for one in found if one["MainDicomTags"].get("Modality") == modality]


@contextmanager
def running(folder: Path) -> Iterator[Orthanc]:
    """While the file ``refusing`` exists, every DICOM SEG is refused."""
    if shutil.which("Orthanc") is None or not PLUGIN.exists():
        pytest.skip("Orthanc is not installed (Debian: orthanc orthanc-dicomweb)")
    refusing, port = folder / "refusing", free_port()
    script = folder / "refuse.lua"
    script.write_text(
        "function ReceivedInstanceFilter(dicom, origin)\n"
        f"  local f = io.open('{refusing}', 'r')\n"
        "  if f == nil then return true end\n"
        "  f:close()\n"
        "  return dicom.Modality ~= 'SEG'\n"
        "end\n"
    )
    settings = {
        "Name": "test", "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
        "HttpPort": port, "DicomServerEnabled": False, "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)], "LuaScripts": [str(script)], "HttpThreadsCount": 4,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            found = Orthanc(f"http://127.0.0.1:{port}", refusing)
            deadline = time.monotonic() + 60
            while True:
                try:
                    httpx.get(f"{found.dicomweb}/studies", timeout=5).raise_for_status()
                    break
                except httpx.HTTPError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise AssertionError((folder / "orthanc.log").read_text()[-2000:]) from None
                    time.sleep(0.05)
            yield found
        finally:
            process.terminate()
            process.wait(20)
