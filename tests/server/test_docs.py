"""The examples of docs/server.md do what it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.server.conftest import HERE, SHAPE, read_nifti

DOCUMENT = (HERE.parents[1] / "docs" / "server.md").read_text(encoding="utf-8")
HTTP = "http://127.0.0.1:8000"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, flags=re.S)


def test_every_shell_example_runs_and_the_error_is_the_one_shown(server, studies, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    shutil.copy(studies / "case_a.nii.gz", tmp_path)
    printed = []
    for block in blocks("bash"):
        script = block.replace(HTTP, str(server.base_url).rstrip("/"))
        for command in re.split(r"\n(?=curl)", script.strip()):
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=True)
            printed.append(done.stdout)
    answers = [json.loads(text) for text in printed if text]
    assert "lesion_shape" in answers[0]["models"]
    assert answers[1]["diameter_mm"] == 12
    array, _ = read_nifti((tmp_path / "mask.nii.gz").read_bytes())
    assert array.shape == SHAPE
    assert array.any()
    assert "session_id" in answers[3]
    assert answers[4] == {"image": "new_case"}
    assert answers[5].items() >= {"image": "new_case", "label": "new_case"}.items()
    assert answers[-1] == json.loads(blocks("json")[0])
    assert sum("detail" in answer for answer in answers) == 1


def test_the_python_example_unpacks_the_mask(server, tmp_path):
    code = blocks("python")[0].replace(HTTP, str(server.base_url).rstrip("/"))
    done = subprocess.run(
        [sys.executable, "-c", code + "\nprint(voxels.shape, voxels.sum() > 0)"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("True")


def test_every_setting_is_documented():
    from lesionlab.server.settings import Settings

    for name, field in Settings.model_fields.items():
        row = re.search(rf"\| `LESIONLAB_{name.upper()}` \| (\S+) ", DOCUMENT)
        assert row, name
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            assert row[1] == str(field.default)
