"""The ledger's laws: nothing that was recorded changes, every save is the head or kept beside it."""

from __future__ import annotations

import sqlite3
from hashlib import sha256

import pytest

from lesionlab.errors import InternalError, NotFoundError
from lesionlab.store.ledger import Ledger
from lesionlab.store.ledger_check import check_ledger, problems
from lesionlab.store.revision import Draft, Outcome, Source

HEAD, BRANCH, CONFLICT = Outcome.HEAD, Outcome.BRANCH, Outcome.CONFLICT


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "own", clock=iter(range(1_000_000)).__next__)
    yield found
    found.close()


@pytest.fixture
def save(ledger, tmp_path):
    def saver(content, parent=None, source=Source.CLIENT, **more):
        file = tmp_path / "label.nii.gz"
        file.write_bytes(content.encode())
        return ledger.save(Draft("a", "final", source, parent, **more), file, ".nii.gz")

    return saver


def ids(revisions):
    return [one.id for one in revisions]


def test_a_save_on_the_head_is_the_new_head_and_the_old_one_stays(ledger, save):
    first = save("one", "", author="anna", client_id="c1", model_version="v3", prompts=({"point_mm": [1, 2, 3]},))
    second = save("two", first.id)
    assert [first.outcome, second.outcome] == [HEAD, HEAD]
    assert ledger.head("a", "final") == second
    assert ledger.history("a", "final") == (first, second)
    assert (first.draft.parent, second.draft.parent) == (None, first.id)
    assert first.blob.checksum == sha256(b"one").hexdigest()
    assert ledger.content(first).read_bytes() == b"one"
    assert first.draft.prompts == ({"point_mm": [1, 2, 3]},)
    assert (first.draft.author, first.draft.client_id, first.draft.model_version) == ("anna", "c1", "v3")
    assert (first.time, second.time) == ("1970-01-01T00:00:00.000000+00:00", "1970-01-01T00:00:01.000000+00:00")


def test_a_save_that_started_from_an_older_revision_is_kept_as_a_conflict(ledger, save):
    first = save("one", "")
    anna, ben = save("anna's", first.id), save("ben's", first.id)
    assert ben.outcome is CONFLICT
    assert ledger.head("a", "final") == anna
    assert ledger.content(ben).read_bytes() == b"ben's"
    # Who looked at both may go on from the head; who goes on from the conflict is in conflict again.
    assert save("both", anna.id).outcome is HEAD
    assert save("ben's second", ben.id).outcome is CONFLICT


def test_a_save_from_nothing_or_from_an_unknown_revision_is_a_conflict_when_there_is_a_label(ledger, save):
    first = save("one", "")
    assert save("two", "").outcome is CONFLICT
    lost = save("three", "0123456789abcdef")
    assert (lost.outcome, lost.draft.parent) == (CONFLICT, None)
    assert ledger.head("a", "final") == first


def test_a_save_that_comes_twice_is_recorded_once(ledger, save):
    first = save("one", "", client_id="c")
    second = save("two", first.id, client_id="c")
    assert save("two", first.id, client_id="c") == second
    assert save("one", "", client_id="c") == first
    assert save("two", first.id, client_id="d").outcome is CONFLICT
    assert len(ledger.history("a", "final")) == 3


def test_stock_clients_follow_each_other_and_stay_beside_a_head_that_states_its_parent(ledger, save):
    first = save("one", source=Source.STOCK, client_id="x")
    other = save("two", source=Source.STOCK, client_id="y")
    third = save("three", source=Source.STOCK, client_id="x")
    assert [one.outcome for one in (first, other, third)] == [HEAD] * 3
    # Each client is a branch of its own.
    assert [one.draft.parent for one in (first, other, third)] == [None, None, first.id]
    ours = save("ours", third.id)
    late = save("late", source=Source.STOCK, client_id="y")
    assert (ours.outcome, late.outcome, late.draft.parent) == (HEAD, BRANCH, other.id)
    assert ledger.head("a", "final") == ours
    assert len(ledger.history("a", "final")) == 5


def test_a_model_never_takes_the_place_of_a_person(ledger, save):
    assert save("m1", source=Source.MODEL).outcome is HEAD
    assert save("m2", source=Source.MODEL).outcome is HEAD
    person = save("p", source=Source.STOCK)
    assert person.outcome is HEAD
    assert save("m3", source=Source.MODEL).outcome is BRANCH
    assert ledger.head("a", "final") == person


def test_a_removed_label_can_be_restored_and_a_new_one_starts_from_nothing(ledger, save):
    first = save("one", "")
    gone = ledger.remove(Draft("a", "final", Source.CLIENT))
    assert (gone.blob, gone.draft.parent) == (None, first.id)
    assert ledger.remove(Draft("a", "final", Source.CLIENT)) is None
    with pytest.raises(NotFoundError, match="removed"):
        ledger.content(gone)
    again = ledger.restore(Draft("a", "final", Source.CLIENT, gone.id, restores=first.id), first)
    assert (again.outcome, again.blob, again.draft.restores) == (HEAD, first.blob, first.id)
    ledger.remove(Draft("a", "final", Source.CLIENT))
    assert save("anew", "").outcome is HEAD
    assert len(ledger.history("a", "final")) == 5


def test_labels_of_other_images_and_tags_are_other_labels(ledger, save, tmp_path):
    first = save("one", "")
    file = tmp_path / "label.nii.gz"
    for image, tag in (("b", "final"), ("a", "original")):
        other = ledger.save(Draft(image, tag, Source.CLIENT, first.id), file, ".nii.gz")
        assert (other.outcome, other.draft.parent) == (CONFLICT, None)
    with pytest.raises(NotFoundError):
        ledger.revision("b", first.id)
    assert set(ledger.heads()) == {("a", "final")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revision SET author = 'x'",
        "DELETE FROM revision",
        "DELETE FROM presence",
        "UPDATE presence SET present = 0",
        "INSERT OR REPLACE INTO revision SELECT * FROM revision",
        "INSERT OR REPLACE INTO revision (id, image, tag, source, outcome, time, prompts, info) "
        "SELECT id, 'z', tag, source, outcome, time, prompts, info FROM revision",
        "INSERT OR REPLACE INTO presence SELECT number, image, label, 0, reader, time FROM presence",
        "INSERT INTO revision (id, image, tag, parent, source, outcome, time, prompts, info) "
        "SELECT 'new', 'b', tag, id, source, outcome, time, prompts, info FROM revision",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_recorded(ledger, save, tmp_path, statement):
    save("one", "")
    ledger.presence.state("a", "disease", True, "anna")
    before = ledger.all()
    outside = sqlite3.connect(tmp_path / "own" / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="append-only|earlier revision"), outside:
        outside.execute(statement)
    outside.close()
    assert ledger.all() == before
    assert ledger.presence.all() == {"a": {"disease": True}}


def test_the_last_statement_about_presence_counts(ledger):
    ledger.presence.state("a", "disease", True, "anna")
    ledger.presence.state("a", "disease", False, None)
    ledger.presence.state("b", "artefact", True, "ben")
    assert ledger.presence.all() == {"a": {"disease": False}, "b": {"artefact": True}}


def test_the_same_content_is_stored_once_and_damage_is_found(ledger, save, tmp_path):
    first = save("one", "")
    save("two", first.id)
    save("one", source=Source.STOCK)
    assert len(list(ledger.blobs.all())) == 2
    assert problems(ledger, deep=True) == []
    content = ledger.content(first)
    assert content.parent.name == first.blob.checksum[:2]
    content.chmod(0o644)
    content.write_bytes(b"0ne")
    assert problems(ledger) == []
    assert len(problems(ledger, deep=True)) == 2
    content.unlink()
    assert all(first.blob.checksum in line for line in problems(ledger))
    assert len(problems(ledger)) == 2


def test_a_half_written_content_is_cleared_away_once_it_is_old(ledger, save, tmp_path):
    import os

    save("one", "")
    old, new = (tmp_path / "own" / "blobs" / f"part-{name}" for name in ("old", "new"))
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    check_ledger(ledger)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_ledger_of_another_version_is_refused(ledger, save, tmp_path):
    save("one", "")
    ledger.close()
    with sqlite3.connect(tmp_path / "own" / "ledger.sqlite") as outside:
        outside.execute("PRAGMA user_version = 99")
    with pytest.raises(InternalError, match="another version; got 99; expected 1"):
        ledger.head("a", "final")
