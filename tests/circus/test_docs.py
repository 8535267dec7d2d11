"""The commands of docs/circus.md run against the stand-in."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from lesionlab.cli import main
from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from tests.circus.conftest import UID
from tests.circus.server import Circus, tgz
from tests.weak.dicom_series import ct_series, save_series

DOCUMENT = (Path(__file__).parents[2] / "docs" / "circus.md").read_text(encoding="utf-8")


def test_every_command_runs(
    circus: Circus, url: str, token_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LESIONLAB_CIRCUS_TOKEN", raising=False)
    for uid in (UID, f"{UID}.2"):
        series = ct_series()
        for header in series:
            header.SeriesInstanceUID = uid
        save_series(tmp_path / "pacs" / uid, series)
    (tmp_path / "export.tgz").write_bytes(tgz(circus.files("case1", None, "isolated")))
    commands = [line for block in re.findall(r"```bash\n(.*?)```", DOCUMENT, flags=re.S) for line in block.splitlines()]
    assert len(commands) == 5
    for command in commands:
        if " push " in command:
            path = tmp_path / "studies/labels/final/case1-vol000.nii.gz"
            mask = read_volume(path)
            write_volume(Volume(np.roll(mask.array, 1, axis=0), mask.geometry), path)
        program, *arguments = shlex.split(command.replace("http://127.0.0.1:8080", url))
        assert program == "lesionlab"
        assert main(arguments) == 0, command
    newest = circus.cases["case1"]["revisions"][-1]
    assert (newest["description"], newest["status"]) == ("Aneurysms, second look", "approved")
    assert len(circus.cases["case1"]["revisions"]) == 3
