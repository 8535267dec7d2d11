"""Labels about which annotators differ and nobody has decided."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from lesionlab.store.dispute import Disputes
from lesionlab.store.ledger import Ledger
from lesionlab.store.revision import Draft, Source


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "own")
    yield found
    found.close()


@pytest.fixture
def save(ledger, tmp_path):
    def saved(voxels, author, parent="", image="a", tag="final", source=Source.CLIENT, shift=0.0):
        affine = np.eye(4)
        affine[0, 3] = shift
        file = tmp_path / "l.nii.gz"
        nibabel.Nifti1Image(np.array(voxels, np.uint8).reshape(-1, 1, 1), affine).to_filename(file)
        return ledger.save(Draft(image, tag, source, parent, author=author), file, ".nii.gz")

    return saved


def test_two_readers_who_start_from_nothing_dispute_until_one_decides(ledger, save):
    disputes = Disputes(ledger)
    ann = save([1, 1, 1, 1, 0, 0], "ann")
    assert disputes.images() == {}
    save([0, 0, 1, 1, 1, 1], "ben")  # started from nothing too: a conflict
    assert disputes.images() == {"a": 0.5}
    save([0, 1, 1, 1, 1, 0], "ann", ann.id)  # knew the head: decides
    assert disputes.images() == {}


def test_the_last_word_of_each_reader_counts_and_the_farthest_pair(ledger, save):
    ann = save([1, 1, 1, 1, 0, 0], "ann")
    save([0, 0, 0, 0, 1, 1], "ben")
    save([1, 1, 1, 1, 0, 0], "ben")  # ben comes round
    assert Disputes(ledger).images() == {}
    save([1, 1, 0, 0, 0, 0], "cid")  # Dice 2 * 2 / 6
    assert Disputes(ledger).images() == {"a": pytest.approx(1 / 3)}
    assert ann.blob is not None


def test_without_a_final_label_the_tags_of_annotators_dispute(ledger, save):
    save([1, 1, 0, 0], "ann", tag="ann", image="b")
    save([0, 0, 1, 1], "ben", tag="ben", image="b")
    save([1, 0, 0, 0], None, tag="original", image="b", source=Source.MODEL, parent=None)
    assert Disputes(ledger).images() == {"b": 1.0}
    save([1, 1, 1, 1], "cid", image="b")
    assert Disputes(ledger).images() == {}


def test_what_cannot_be_compared_is_no_dispute(ledger, save):
    save([1, 1, 0, 0], "ann")
    save([1, 0, 0], "ben")
    assert Disputes(ledger).images() == {}
