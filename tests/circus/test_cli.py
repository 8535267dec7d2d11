"""``lesionlab circus``, through the front door."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lesionlab.image.files import read_volume, write_volume
from lesionlab.image.volume import Volume
from tests.circus.server import TOKEN, Circus, tgz
from tests.cli.voxel_model import Cli


def test_pull_edit_push_with_a_token_from_a_file(
    cli: Cli, circus: Circus, url: str, token_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LESIONLAB_CIRCUS_TOKEN", raising=False)
    data = tmp_path / "data"
    pulled = cli("circus", "pull", "--server", url, "--case", "case1", "--data", data, "--token-file", token_file)
    assert pulled.out == f"2 images, 1 masks and 8 weak labels are in {data}\n"
    path = data / "labels/final/case1-vol000.nii.gz"
    mask = read_volume(path)
    write_volume(Volume(np.roll(mask.array, 1, axis=0), mask.geometry), path)
    pushed = cli("circus", "push", "--data", data, "--token-file", token_file)
    assert pushed.out == f"1 masks pushed to {url}, 0 unchanged\n"
    assert circus.cases["case1"]["revisions"][-1]["series"][0]["labels"][0]["data"]["origin"] == [8, 2, 3]


def test_pull_by_project_with_a_token_from_the_environment(
    cli: Cli, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_CIRCUS_TOKEN", TOKEN)
    answer = cli("circus", "pull", "--server", url, "--project", "p1", "--data", tmp_path / "d", "--json", "-")
    assert json.loads(answer.out)["images"] == ["case1-vol000", "case1-vol001"]


def test_an_archive_needs_neither_server_nor_token(
    cli: Cli, circus: Circus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LESIONLAB_CIRCUS_TOKEN", raising=False)
    (tmp_path / "a.tgz").write_bytes(tgz(circus.files("case1", None, "isolated")))
    assert cli("circus", "pull", "--archive", tmp_path / "a.tgz", "--data", tmp_path / "d").status == 0
    answer = cli("circus", "push", "--data", tmp_path / "d")
    assert (answer.status, "to which server?; expected --server URL" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pull", "--data", "d"], "where from?; expected either --archive FILE or --server URL"),
        (["pull", "--data", "d", "--server", "circus.example.org", "--case", "x"], "the server is no web address"),
        (["pull", "--data", "d", "--server", "http://127.0.0.1:9"], "which cases?"),
        (["pull", "--data", "d", "--server", "http://127.0.0.1:9", "--case", "x", "--token", "abc"], "did you mean '--token-file'"),
        (["push", "--data", "nowhere"], "--data is not a folder; got nowhere"),
    ],
)  # fmt: skip
def test_a_wrong_command_says_what_to_do(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LESIONLAB_CIRCUS_TOKEN", TOKEN)
    answer = cli("circus", *arguments)
    assert answer.status == 2
    assert said in answer.err


def test_a_missing_token_says_where_it_is_looked_for(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LESIONLAB_CIRCUS_TOKEN", raising=False)
    answer = cli("circus", "pull", "--server", "http://127.0.0.1:9", "--case", "x", "--data", tmp_path)
    assert "LESIONLAB_CIRCUS_TOKEN or in --token-file FILE" in answer.err
