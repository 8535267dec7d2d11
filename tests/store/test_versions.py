"""Versions of models on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lesionlab.errors import InputError, NotFoundError
from lesionlab.store.versions import Comparison, TrainRequest, Version, Versions


def version(name: str) -> Version:
    return Version(
        version=name,
        task="t",
        created=datetime.now(UTC),
        parent="shipped",
        job="j",
        request=TrainRequest(),
        configuration={"patch": {"voxels": 16}},
        code="1",
        torch="2",
        labels=(),
        training={"best": 0.5},
        scores=(),
        comparison=Comparison(metric="dice", against="shipped", promoted=True, reason="good"),
    )


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    found = Versions(tmp_path / "models")
    weights = tmp_path / "weights"
    weights.write_bytes(b"numbers")
    for number in range(1, 12):
        assert found.next_name("t") == f"v{number}"
        found.add(version(f"v{number}"), weights)
    return found


def test_before_any_training_the_shipped_weights_answer(tmp_path: Path) -> None:
    fresh = Versions(tmp_path)
    assert fresh.current("t") == "shipped"
    assert fresh.all("t") == ()
    assert fresh.folder("t", "shipped") is None


def test_versions_are_listed_newest_first_by_number(versions: Versions) -> None:
    assert [each.version for each in versions.all("t")] == [f"v{n}" for n in range(11, 0, -1)]


def test_a_version_is_read_as_it_was_written(versions: Versions) -> None:
    folder = versions.folder("t", "v3")
    assert folder is not None
    assert (folder / "model.safetensors").read_bytes() == b"numbers"
    assert versions.get("t", "v3").configuration == {"patch": {"voxels": 16}}


def test_keeping_a_version_does_not_use_it_and_every_use_is_remembered(versions: Versions) -> None:
    assert versions.current("t") == "shipped"
    for name, reason in (("v2", "better"), ("v3", "better"), ("v2", "a person"), ("shipped", "a person")):
        versions.use("t", name, reason)
        assert versions.current("t") == name
    assert [(use.version, use.reason) for use in versions.uses("t")] == [
        ("v2", "better"),
        ("v3", "better"),
        ("v2", "a person"),
        ("shipped", "a person"),
    ]


@pytest.mark.parametrize("name", ["v12", "../t", "", "current.json"])
def test_what_is_no_version_is_refused(versions: Versions, name: str) -> None:
    with pytest.raises(NotFoundError, match="no such version"):
        versions.use("t", name, "why")


def test_a_version_half_written_is_not_there(versions: Versions, tmp_path: Path) -> None:
    (tmp_path / "models" / "t" / ".v12.part").mkdir()
    (tmp_path / "models" / "t" / ".v12.part" / "version.json").write_text("{")
    assert len(versions.all("t")) == 11


def test_a_spoilt_record_is_named(versions: Versions, tmp_path: Path) -> None:
    (tmp_path / "models" / "t" / "v3" / "version.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"v3/version\.json"):
        versions.all("t")
