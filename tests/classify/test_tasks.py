from __future__ import annotations

import pytest

from lesionlab.kinds import find_task
from lesionlab.kinds.classify.network import build_member
from lesionlab.kinds.classify.task import ClassifyTask
from tests.classify.blobs import classify_task


def test_the_published_recipe_for_subtypes_is_the_default_of_its_task() -> None:
    task = find_task("subtype_mammo")
    assert isinstance(task, ClassifyTask)
    training, augmentation = task.training, task.training.augmentation

    assert (task.network.name, task.network.pretrained, task.network.freeze) == ("vgg16", "imagenet", 0)
    assert (task.input.form, task.input.voxels) == ("image", 500)
    assert task.network.head.model_dump() == {"dense": 256, "batch_norm": True, "dropout": 0.5}
    assert (training.epochs, training.optimiser, training.learning_rate, training.clip_norm) == (50, "adam", 1e-5, 1e-3)
    assert (training.schedule, training.backbone_rate, training.decay) == ("constant", 1.0, 1.0)
    assert (training.folds, training.balance) == (4, "downsample")
    assert (augmentation.rotation_rad, augmentation.shift, augmentation.brightness) == (0.1, 0.1, 0.1)
    assert set(augmentation.flips) == {"horizontal", "vertical"}
    others = ("scale", "contrast", "gamma", "inversion", "noise", "blur", "erase", "mixup")
    assert not any(getattr(augmentation, name) for name in others)
    assert len(task.classes) == 3
    assert task.target is None


def test_vgg_without_its_file_says_what_to_do() -> None:
    task = find_task("subtype_mammo")
    assert isinstance(task, ClassifyTask)

    with pytest.raises(Exception, match=r"network\.file.*pretrained: none"):
        build_member(task, pretrained=True)


def test_of_two_classes_the_last_is_positive_unless_one_is_named() -> None:
    assert classify_task().target == 1
    assert classify_task(positive="plain").target == 0
    assert classify_task(classes=["a", "b", "c"]).target is None
    assert classify_task(classes=["a", "b", "c"], positive="b").target == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positive": "round"}, "positive must be one of plain, striped"),
        ({"classes": ["a", "a"]}, "classes must differ"),
        ({"network": {"name": "small3d"}}, "small3d sees volumes"),
        ({"network": {"name": "vgg16", "depth": 3}}, "depth is for efficientnet_lite0; leave it out for vgg16"),
        ({"training": {"validation": 0}}, "at least two folds"),
        ({"input": {"form": "views", "views": ["R-CC", "L-MLO"]}}, "once for R and once for L"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classify_task(**changes)
