"""Who works on what: nobody gets what somebody else has, and nobody has it for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lesionlab.store.ledger import Ledger


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leases(tmp_path, clock):
    ledger = Ledger(tmp_path, clock, lease_seconds=60)
    yield ledger.leases
    ledger.close()


def test_a_case_is_kept_from_others_until_the_lease_ends(leases, clock):
    assert leases.take("a", "anna").until == "1970-01-01T00:17:40.000000+00:00"
    clock.now += 59.9
    assert leases.take("a", "ben") is None
    clock.now += 0.1
    assert leases.take("a", "ben").holder == "ben"
    assert leases.take("a", "anna") is None


def test_the_holder_may_hold_it_for_longer(leases, clock):
    leases.take("a", "anna")
    clock.now += 50
    leases.take("a", "anna")
    clock.now += 50
    assert leases.take("a", "ben") is None
    assert set(leases.running()) == {"a"}
    clock.now += 10
    assert leases.running() == {}


def test_only_the_holder_gives_it_back(leases):
    leases.take("a", "anna")
    assert not leases.give_back("a", "ben")
    assert leases.give_back("a", "anna")
    assert not leases.give_back("a", "anna")
    assert leases.take("a", "ben") is not None


def test_who_takes_only_one_gives_back_the_others(leases):
    leases.take("a", "anna")
    leases.take("b", "ben")
    assert leases.take("b", "anna", only=True) is None
    assert set(leases.running()) == {"a", "b"}
    leases.take("c", "anna", only=True)
    assert {image: lease.holder for image, lease in leases.running().items()} == {"b": "ben", "c": "anna"}


def test_of_many_who_ask_at_once_one_gets_it(leases):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: leases.take("a", f"client {n}"), range(40)))
    assert sum(lease is not None for lease in found) == 1
