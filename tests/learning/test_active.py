"""The order in which images are offered, on cases small enough to work out."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.learning.active import Candidate, by_diversity, by_uncertainty, weak_first


def at(image: str, *features: float) -> Candidate:
    return Candidate(image, features=np.array(features, np.float32))


def test_the_least_sure_comes_first_and_what_was_not_looked_at_last_by_name() -> None:
    found = by_uncertainty(
        [Candidate("d"), Candidate("a", uncertainty=0.1), Candidate("b"), Candidate("c", uncertainty=0.9)]
    )
    assert found == ("c", "a", "b", "d")


def test_images_with_a_cheap_mark_come_before_those_without() -> None:
    candidates = [
        Candidate("a", uncertainty=0.9),
        Candidate("b", weak=True, uncertainty=0.1),
        Candidate("c", weak=True, uncertainty=0.2),
        Candidate("d", weak=True),
    ]
    assert weak_first(candidates) == ("c", "b", "d", "a")


def test_diversity_goes_to_what_is_farthest_from_the_labelled() -> None:
    line = [at("a", 0), at("b", 1), at("c", 5), at("d", 9)]
    # Labelled at 0: 9 is farthest; then 5 (4 from 9, 5 from 0), then 1, then 0.
    assert by_diversity(line, [np.array([0.0], np.float32)]) == ("d", "c", "b", "a")


def test_without_labels_diversity_begins_in_the_middle_and_then_spreads() -> None:
    line = [at("a", 0), at("b", 4), at("c", 6), at("d", 10)]
    # The mean is 5: b and c are as near, b by name; then d (6 away), then a (4), then c (2).
    assert by_diversity(line) == ("b", "d", "a", "c")


def test_every_image_comes_once() -> None:
    rng = np.random.default_rng(0)
    cloud = [Candidate(f"i{n}", features=rng.standard_normal(5).astype(np.float32)) for n in range(30)]
    found = by_diversity([*cloud, Candidate("x"), Candidate("w")])
    assert sorted(found) == sorted([*(one.image for one in cloud), "x", "w"])
    assert found[-2:] == ("w", "x")


def test_two_clusters_are_both_visited_before_either_is_finished() -> None:
    rng = np.random.default_rng(1)
    near = [at(f"near{n}", *(rng.normal(0, 0.1, 2))) for n in range(5)]
    far = [at(f"far{n}", *(rng.normal(10, 0.1, 2))) for n in range(5)]
    assert {name[:3] for name in by_diversity([*near, *far])[:2]} == {"nea", "far"}


def test_features_of_different_networks_are_not_mixed() -> None:
    with pytest.raises(InputError, match="different networks"):
        by_diversity([at("a", 1, 2)], [np.zeros(3, np.float32)])
    with pytest.raises(InputError, match="different networks"):
        by_diversity([at("a", 1, 2), at("b", 1)])
