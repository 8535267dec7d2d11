"""The order in which images are offered, on cases small enough to work out."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.learning.active import (
    Candidate,
    anomaly,
    by_disagreement,
    by_diversity,
    by_surprise,
    by_uncertainty,
    weak_first,
)


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


def test_where_versions_differ_most_comes_first_and_the_rest_as_by_uncertainty() -> None:
    candidates = [
        Candidate("a", uncertainty=0.9),
        Candidate("b", uncertainty=0.1, disagreement=0.3),
        Candidate("c", disagreement=0.6),
        Candidate("d"),
        Candidate("e", uncertainty=0.95),
        Candidate("f", uncertainty=0.2, disagreement=0.3),
    ]
    assert by_disagreement(candidates) == ("c", "f", "b", "e", "a", "d")


def test_surprise_counts_a_step_across_the_labelled_cloud_more_than_one_along_it() -> None:
    rng = np.random.default_rng(0)
    # The labelled images vary ten times more in the first feature than in the second.
    cloud = [np.array([rng.normal(0, 10), rng.normal(0, 1)], np.float32) for _ in range(400)]
    line = [at("along", 15, 0), at("across", 0, 8), at("middle", 0, 0)]
    assert by_surprise(line, cloud) == ("across", "along", "middle")


def test_the_anomaly_score_is_the_distance_in_standard_deviations() -> None:
    rng = np.random.default_rng(1)
    known = rng.normal((3, -1), (4, 0.5), (200_000, 2))
    points = np.array([[3.0, -1.0], [7.0, -1.0], [3.0, 0.5], [7.0, -0.5]])
    assert anomaly(points, known) == pytest.approx([0, 1, 3, 2**0.5], abs=0.03)


def test_without_labels_the_odd_one_out_surprises_most() -> None:
    rng = np.random.default_rng(2)
    alike = [at(f"i{n}", *rng.normal(0, 1, 3)) for n in range(20)]
    assert by_surprise([*alike, at("odd", 30, 0, 0), Candidate("unseen")])[0] == "odd"
    assert by_surprise([Candidate("z"), Candidate("y")]) == ("y", "z")


def test_features_that_never_vary_do_not_break_surprise() -> None:
    known = [np.array([n % 6, 5], np.float32) for n in range(120)]
    assert by_surprise([at("a", 2, 5), at("b", 9, 5), at("c", 3, 6)], known) == ("c", "b", "a")
    same = [np.ones(2, np.float32)] * 3
    assert by_surprise([at("a", 1, 1), at("b", 1, 2)], same) == ("b", "a")
    with pytest.raises(InputError, match="different networks"):
        by_surprise([at("a", 1, 2)], [np.zeros(3, np.float32)])
