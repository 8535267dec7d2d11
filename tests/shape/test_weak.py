"""Training on lesions that have a weak label and no mask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lesionlab.errors import InputError
from lesionlab.image.files import write_volume
from lesionlab.image.geometry import Geometry, Point
from lesionlab.image.volume import Volume
from lesionlab.kinds import kind_of
from lesionlab.kinds.kind import TrainOptions
from lesionlab.kinds.shape.evaluation import dice_of_cases
from lesionlab.kinds.shape.preparing import prepare
from lesionlab.kinds.shape.recipe import ShapeRecipe
from lesionlab.kinds.shape.samples import Augmentation, draw_batch
from lesionlab.kinds.shape.task import NetworkSettings, PatchSettings, ShapeTask, TrainingSettings
from lesionlab.kinds.shape.weak import labels_by_image, weak_lesions
from lesionlab.learning.train import fit
from lesionlab.progress import silent
from lesionlab.store.cases import MASKS, Case, read_cases, write_cases
from lesionlab.weak.label import Circle, PointSize, RecistLine, Sphere, WeakLabel
from lesionlab.weak.markups_write import write_markups
from tests.shape.oracle import shape_task

LATTICE = Geometry((40, 40, 40), np.diag([1.0, 1.0, 1.0, 1.0]))
CENTER: Point = (20.0, 20.0, 20.0)


def ball(center: Point, radius: float) -> np.ndarray:
    index = np.indices(LATTICE.shape).reshape(3, -1).T
    return (np.linalg.norm(index - np.asarray(center), axis=1) <= radius).reshape(LATTICE.shape)


def write_image(studies: Path, name: str, inside: np.ndarray, seed: int) -> None:
    studies.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 10, inside.shape)
    write_volume(Volume((100 * inside + noise).astype(np.int16), LATTICE), studies / f"{name}.nii")


def write_mask(studies: Path, name: str, inside: np.ndarray) -> None:
    (studies / MASKS).mkdir(parents=True, exist_ok=True)
    write_volume(Volume(inside.astype(np.uint8), LATTICE), studies / MASKS / f"{name}.nii")


def mark(studies: Path, name: str, *labels: WeakLabel, folder: str = "labels/weak") -> None:
    (studies / folder).mkdir(parents=True, exist_ok=True)
    write_markups(studies / folder / f"{name}.mrk.json", list(labels))


def tiny(**training: float) -> ShapeTask:
    settings = TrainingSettings.model_validate(
        {"epochs": 1, "steps": 2, "batch": 2, "phantoms": 0, "validation": 0, "test": 0, **training}
    )
    return shape_task().model_copy(
        update={
            "training": settings,
            "network": NetworkSettings(channels=(8, 8, 8)),
            "patch": PatchSettings(side=2.5, voxels=16),
            "weights": "none",
        }
    )


def recipe_of(studies: Path, **training: float) -> ShapeRecipe:
    return prepare(tiny(**training), studies, TrainOptions(fresh=True))


def lesions_in(recipe: ShapeRecipe) -> list[int]:
    """How many lesions each source holds that is drawn from."""
    return [len(source.lesions) for source in recipe._sources]


def test_a_model_trained_on_spheres_alone_learns(tmp_path: Path) -> None:
    studies, held = tmp_path / "studies", tmp_path / "held"
    for number in range(4):
        radius = 5.0 + number / 2
        for folder in (studies, held):
            write_image(folder, f"b{number}", ball(CENTER, radius), seed=number + 10 * (folder == held))
        # Readers measure outlines: 0.82 of a true ball's diameter would be too small, so they draw a little outside.
        mark(studies, f"b{number}", Sphere(center_mm=CENTER, diameter_mm=2 * radius / 0.82))
        write_mask(held, f"b{number}", ball(CENTER, radius))
    drawn = {case.patient: 2 * (5.0 + int(case.patient[1]) / 2) / 0.82 for case in read_cases(held)}
    write_cases(held, [Case(c.image, c.mask, c.patient, "", CENTER, drawn[c.patient]) for c in read_cases(held)])
    task = tiny(epochs=2, steps=30, batch=4, learning_rate=0.01)
    recipe = prepare(task, studies, TrainOptions(fresh=True))
    recipe.save(recipe.network, tmp_path, {"best": 0.0, "epoch": 0})
    before = dice_of_cases(kind_of(task).load(task, tmp_path), read_cases(held), silent)
    fit(recipe, tmp_path / "run", 0, silent)
    after = dice_of_cases(kind_of(task).load(task, tmp_path / "run"), read_cases(held), silent)
    assert np.mean([score.value for score in after]) > 0.75
    assert np.mean([score.value for score in after]) > np.mean([score.value for score in before]) + 0.2


def test_a_mask_beats_every_weak_label_of_the_same_lesion(tmp_path: Path) -> None:
    write_image(tmp_path, "a", ball(CENTER, 6), 0)
    mark(
        tmp_path,
        "a",
        Sphere(center_mm=CENTER, diameter_mm=14.0),
        RecistLine(start_mm=(14, 20, 20), end_mm=(26, 20, 20)),
    )
    assert [one.kind for one in recipe_of(tmp_path).weak] == ["Sphere"]
    write_mask(tmp_path, "a", ball(CENTER, 6))
    recipe = recipe_of(tmp_path)
    assert recipe.weak == ()
    assert lesions_in(recipe) == [1]
    volume = (recipe._sources[0].lesions[0].truth / 255).sum() * (40 / 80) ** 3
    assert volume == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.06)  # the mask's, not the sphere's


def test_a_lesion_beside_the_masked_one_is_trained_on_by_its_mark(tmp_path: Path) -> None:
    other: Point = (30.0, 30.0, 30.0)
    write_image(tmp_path, "a", ball((12, 12, 12), 5) | ball(other, 5), 0)
    write_mask(tmp_path, "a", ball((12, 12, 12), 5))
    write_cases(
        tmp_path,
        [
            Case(tmp_path / "a.nii", None, "ann", "", (12.0, 12.0, 12.0), 10.0),
            Case(tmp_path / "a.nii", None, "ann", "", other, 11.0),
        ],
    )
    recipe = recipe_of(tmp_path)
    assert [(one.image, one.patient, one.part, one.kind, one.trust) for one in recipe.weak] == [
        ("a.nii", "ann", "train", "PointSize", 0.6)
    ]
    assert lesions_in(recipe) == [1, 1]
    assert recipe._shares.tolist() == pytest.approx([0.7, 0.3])
    assert recipe_of(tmp_path, weak=0).weak == ()


def test_of_several_marks_of_one_lesion_the_most_trusted_counts(tmp_path: Path) -> None:
    write_image(tmp_path, "a", ball(CENTER, 6), 0)
    mark(tmp_path, "a", Sphere(center_mm=CENTER, diameter_mm=14.0), folder="marks")
    write_cases(tmp_path, [Case(tmp_path / "a.nii", None, "a", "", (21.0, 20.0, 19.0), 12.0)])
    assert [(one.kind, one.trust) for one in recipe_of(tmp_path).weak] == [("Sphere", 0.67)]


def test_a_sphere_of_a_size_is_drawn_at_that_size_with_its_target_of_0_82_of_it(tmp_path: Path) -> None:
    write_image(tmp_path, "a", ball(CENTER, 6), 0)
    mark(tmp_path, "a", Sphere(center_mm=CENTER, diameter_mm=16.0))
    found = next(weak_lesions(read_cases(tmp_path), labels_by_image(tmp_path)))
    assert found.stored.trust == pytest.approx(0.67)
    assert found.stored.size == pytest.approx(1 / 0.82, rel=0.1)
    voxel_mm = 40 / 80  # the cube is as long as the image
    assert (found.stored.truth / 255).sum() * voxel_mm**3 == pytest.approx(4 / 3 * np.pi * (0.82 * 8) ** 3, rel=0.05)
    still = Augmentation(click=0, size=0, stretch=0, elastic=0, invert=0, gamma=0, exclude=0, cut=0, mirror=0)
    batch = draw_batch(np.random.default_rng(0), [found.stored], 32, 2.5, still)
    across = (batch.target[0, 0] > 0.5).any(dim=2).any(dim=1).sum().item()
    assert across == pytest.approx(0.82 * 32 / 2.5, abs=1.1)


def test_a_circle_tells_only_of_its_own_plane(tmp_path: Path) -> None:
    write_image(tmp_path, "a", ball(CENTER, 6), 0)
    mark(tmp_path, "a", Circle(center_mm=CENTER, normal=(0.0, 0.0, 1.0), diameter_mm=14.0))
    lesion = next(weak_lesions(read_cases(tmp_path), labels_by_image(tmp_path))).stored
    assert lesion.known is not None
    layers = np.flatnonzero(lesion.known.any(axis=(0, 1)))
    assert layers.min() in (38, 39)
    assert len(layers) in (3, 4)
    still = Augmentation(click=0, size=0, stretch=0, elastic=0, invert=0, gamma=0, exclude=1, cut=0, mirror=0)
    batch = draw_batch(np.random.default_rng(1), [lesion], 32, 2.5, still)
    told = batch.weight[0, 0] > 0
    assert 0.01 < told.float().mean() < 0.1
    assert {0.0, 1.0} <= set(batch.target[0, 0][told].round().tolist())
    # "Not this" is said only where something is known.
    assert (batch.inputs[0, 3].amax(dim=(0, 1)) > 0.9).nonzero().flatten().tolist() in ([15], [16], [15, 16], [])


def test_trust_weighs_the_loss_of_a_sample_and_nothing_else(tmp_path: Path) -> None:
    write_image(tmp_path, "a", ball(CENTER, 6), 0)
    write_mask(tmp_path, "a", ball(CENTER, 6))
    recipe = recipe_of(tmp_path)
    batch = recipe.draw(np.random.default_rng(0))
    assert batch.trust.tolist() == [1.0, 1.0]
    whole = recipe.loss(batch)
    half = recipe.loss(replace(batch, trust=torch.tensor([0.5, 0.5])))
    assert half.item() == pytest.approx(whole.item() / 2, rel=1e-3)
    one = [recipe.loss(replace(batch, trust=torch.tensor(trust))).item() for trust in ([1.0, 0.0], [0.0, 1.0])]
    assert sum(one) == pytest.approx(whole.item(), rel=1e-3)


def test_without_masks_validation_is_by_weak_labels_and_with_one_by_masks(tmp_path: Path) -> None:
    for number in range(10):
        write_image(tmp_path, f"b{number}", ball(CENTER, 6), number)
        mark(tmp_path, f"b{number}", Sphere(center_mm=CENTER, diameter_mm=14.0))
    recipe = recipe_of(tmp_path, validation=0.3)
    assert sorted({one.part for one in recipe.weak}) == ["train", "validation"]
    assert len(recipe._validation) == 3
    checked = next(one.image for one in recipe.weak if one.part == "validation")
    write_mask(tmp_path, checked.removesuffix(".nii"), ball(CENTER, 6))
    recipe = recipe_of(tmp_path, validation=0.3)
    assert {one.part for one in recipe.weak} == {"train"}
    assert len(recipe._validation) == 1


def test_points_without_size_and_unreadable_marks_train_nothing(tmp_path: Path) -> None:
    write_image(tmp_path, "a", ball(CENTER, 6), 0)
    mark(tmp_path, "a", PointSize(point_mm=CENTER))
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "a.mrk.json").write_text("{")
    with pytest.raises(InputError, match="weak labels with a size"):
        recipe_of(tmp_path)
