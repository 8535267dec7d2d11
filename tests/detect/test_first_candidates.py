"""Which share of the lesions a reader sees who looks at the first few candidates only."""

from __future__ import annotations

import numpy as np
import pytest

from lesionlab.kinds.detect.evaluation import first_candidates
from lesionlab.metrics.froc import ImageMarks


def marks(found, false):
    return ImageMarks(np.array(found, dtype=float), np.array(false, dtype=float))


def test_a_lesion_counts_when_fewer_than_so_many_candidates_are_surer():
    image = marks([0.5], [0.9, 0.7, 0.1])
    assert first_candidates([image], 2) == 0
    assert first_candidates([image], 3) == 1


def test_other_lesions_take_their_places_too():
    image = marks([0.9, 0.8, 0.7, 0.6], [])
    assert first_candidates([image], 3) == pytest.approx(3 / 4)


def test_a_lesion_that_nothing_hit_is_not_among_the_first_even_if_there_are_few_candidates():
    assert first_candidates([marks([-np.inf], [])], 3) == 0
    assert first_candidates([marks([-np.inf, 0.4], [0.9])], 3) == pytest.approx(1 / 2)


def test_lesions_left_out_still_take_their_places():
    image = marks([0.9, 0.8, 0.7], [])
    assert first_candidates([image], 2, [[False, True, True]]) == pytest.approx(1 / 2)
    assert first_candidates([image], 2, [[False, False, False]]) == 0
