"""What differs between revisions, and how annotators agree: numbers worked out by hand."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from lesionlab.errors import InputError
from lesionlab.store.compare import agreement, difference, readings
from lesionlab.store.ledger import Ledger
from lesionlab.store.revision import Draft, Source


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "own")
    yield found
    found.close()


def saved(ledger, tmp_path, voxels, parent="", author=None, shift=0.0):
    affine = np.eye(4)
    affine[0, 3] = shift
    file = tmp_path / "l.nii.gz"
    nibabel.Nifti1Image(np.array(voxels, np.uint8).reshape(-1, 1, 1), affine).to_filename(file)
    return ledger.save(Draft("a", "final", Source.CLIENT, parent, author=author), file, ".nii.gz")


def test_a_difference_counts_voxels_in_both_directions(ledger, tmp_path):
    a = saved(ledger, tmp_path, [1, 1, 1, 0, 2, 0])
    b = saved(ledger, tmp_path, [1, 1, 0, 1, 1, 1], a.id)
    found = difference(ledger, a, b)
    assert (found.added_voxels, found.removed_voxels, found.relabelled_voxels) == (2, 1, 1)
    # Label 1: 2 * 2 / (3 + 5) = 0.5; label 2: 0.
    assert found.dice == 0.25
    back = difference(ledger, b, a)
    assert (back.added_voxels, back.removed_voxels, back.dice) == (1, 2, 0.25)
    assert difference(ledger, a, a).dice == 1.0


def test_a_removed_label_has_no_voxels(ledger, tmp_path):
    a = saved(ledger, tmp_path, [1, 1, 0])
    gone = ledger.remove(Draft("a", "final", Source.CLIENT))
    found = difference(ledger, a, gone)
    assert (found.added_voxels, found.removed_voxels, found.dice) == (0, 2, 0.0)
    assert difference(ledger, gone, gone).dice == 1.0


def test_revisions_of_other_lattices_are_not_compared(ledger, tmp_path):
    a = saved(ledger, tmp_path, [1, 1, 0])
    b = saved(ledger, tmp_path, [1, 1, 0], a.id, shift=0.5)
    with pytest.raises(InputError, match="different lattices"):
        difference(ledger, a, b)


def test_annotators_are_compared_by_their_last_labels(ledger, tmp_path):
    saved(ledger, tmp_path, [0, 0, 0, 1], author="anna")
    first = ledger.head("a", "final")
    saved(ledger, tmp_path, [1, 1, 0, 0], "", author="ben")  # a conflict counts too
    anna = saved(ledger, tmp_path, [1, 1, 1, 1], first.id, author="anna")
    cleo = saved(ledger, tmp_path, [1, 1, 1, 0], anna.id, author="cleo")
    saved(ledger, tmp_path, [0, 1, 0, 0], cleo.id)  # nobody's
    history = ledger.history("a", "final")
    assert [(one.author, one.revision.blob == anna.blob) for one in readings(history)] == [
        ("anna", True),
        ("ben", False),
        ("cleo", False),
    ]
    found = {(pair.a, pair.b): (pair.dice, pair.independent) for pair in agreement(ledger, history)}
    # 2*2/(4+2); 2*3/(4+3), where cleo started from anna's; 2*2/(2+3).
    assert found == {
        ("anna", "ben"): (pytest.approx(2 / 3), True),
        ("anna", "cleo"): (pytest.approx(6 / 7), False),
        ("ben", "cleo"): (pytest.approx(0.8), True),
    }
