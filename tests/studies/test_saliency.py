"""``lesionlab study saliency``: the checks of heat maps over the cases that a reader has marked."""

from __future__ import annotations

import json


def checked(cli, tmp_path, task, cases):
    data, out = tmp_path / "data", tmp_path / "checks.json"
    assert cli("phantom", task, data, "--cases", cases, "--seed", "7").status == 0
    assert cli("study", "saliency", task, "--data", data, "--json", out).status == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_of_whole_images_those_with_a_mask_are_explained(cli, tmp_path):
    found = checked(cli, tmp_path, "hpylori_xray", 4)
    assert [row["image"] for row in found["table"]] == ["stomach-0002.png", "stomach-0004.png"]  # the inflamed ones
    for row in found["table"]:
        assert 0 < row["area"] < 1
        assert 0 <= row["share"] <= 1
        assert -1 <= row["randomised"] <= 1


def test_marked_lesions_are_explained_at_their_points(cli, tmp_path):
    found = checked(cli, tmp_path, "mass_cxr", 3)
    assert found["cases"] == len(found["table"]) > 0
    assert found["correct_positives"] == sum(row["positive"] for row in found["table"])


def test_a_folder_without_marks_is_refused(cli, tmp_path):
    data = tmp_path / "data"
    cli("phantom", "hpylori_xray", data, "--cases", "2", "--seed", "7")
    for mask in (data / "labels" / "final").iterdir():
        mask.unlink()
    answer = cli("study", "saliency", "hpylori_xray", "--data", data, "--json", "-")
    assert answer.status == 2
    assert "no case is marked" in answer.err
