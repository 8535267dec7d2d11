"""Eight processes save the same label at the same time: each save is the head or kept beside it, none is lost."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lesionlab.store.ledger import Ledger
from lesionlab.store.ledger_check import problems
from lesionlab.store.revision import Draft, Outcome, Source

CLIENTS, SAVES = 8, 63  # 504 in all


def save_many(folder: str, name: str) -> list[tuple[str, str, str, bytes]]:
    """Save again and again from the head as this client last saw it; (parent, id, outcome, content) of each."""
    ledger = Ledger(Path(folder) / "own")
    try:
        return saves(ledger, Path(folder), name)
    finally:
        ledger.close()


def saves(ledger, folder, name):
    done, file = [], folder / f"{name}.nii.gz"
    for number in range(SAVES):
        head = ledger.head("a", "final")
        parent = head.id if head else ""
        content = f"{name} {number}".encode()
        file.write_bytes(content)
        saved = ledger.save(Draft("a", "final", Source.CLIENT, parent, client_id=name), file, ".nii.gz")
        done.append((parent, saved.id, saved.outcome.value, content))
    return done


def check(ledger, done):
    history = ledger.history("a", "final")
    by_id = {one.id: one for one in history}
    assert len(history) == len(by_id) == len(done) == CLIENTS * SAVES
    for parent, name, outcome, content in done:
        kept = by_id[name]
        assert (kept.draft.parent or "", kept.outcome.value) == (parent, outcome)
        assert ledger.content(kept).read_bytes() == content
    # The heads are one chain from nothing to the head; nothing else hangs between its links.
    chain = [one for one in history if one.outcome is Outcome.HEAD]
    assert [one.draft.parent for one in chain] == [None, *(one.id for one in chain[:-1])]
    assert ledger.head("a", "final") == chain[-1]
    counts = Counter(one.outcome for one in history)
    assert counts[Outcome.BRANCH] == 0
    assert counts[Outcome.CONFLICT] > 0  # they did meet
    assert problems(ledger, deep=True) == []


def test_of_eight_processes_no_save_is_lost(tmp_path):
    ledger = Ledger(tmp_path / "own")
    with multiprocessing.get_context("spawn").Pool(CLIENTS) as pool:
        done = pool.starmap(save_many, [(str(tmp_path), f"client-{n}") for n in range(CLIENTS)], chunksize=1)
    check(ledger, [one for part in done for one in part])


def test_of_eight_threads_on_one_ledger_no_save_is_lost(tmp_path):
    ledger = Ledger(tmp_path / "own")
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = list(pool.map(lambda n: saves(ledger, tmp_path, f"client-{n}"), range(CLIENTS)))
    check(ledger, [one for part in done for one in part])
