from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from lesionlab.errors import InputError, NotFoundError
from lesionlab.kinds.classify.network import build_ensemble, build_member
from lesionlab.kinds.classify.rates import parameter_groups
from lesionlab.kinds.classify.task import TrainingSettings
from lesionlab.networks.classifier import build_head
from lesionlab.networks.pooling import AttentionPool, MeanPool, TopPool
from lesionlab.networks.quantised import quantise, restore
from lesionlab.networks.vgg import Vgg16
from lesionlab.networks.views import PairPool
from lesionlab.networks.weights import save_tensors
from tests.classify.blobs import classify_task

FEATURES = torch.tensor([[[4.0, 0.0], [1.0, 2.0], [0.0, 3.0], [3.0, 3.0]]])


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_vgg16_has_the_published_number_of_parameters_and_names() -> None:
    with torch.device("meta"):
        network = Vgg16()

    assert count(network) == 138_357_544
    names = list(network.state_dict())
    assert (names[0], names[25], names[26], names[-1]) == (
        "features.0.weight", "features.28.bias", "classifier.0.weight", "classifier.6.bias",
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_the_public_weights_start_a_network_without_dense_layers_for_grey_images(tmp_path: Path, suffix: str) -> None:
    public = Vgg16(classes=0).state_dict() | {"classifier.6.bias": torch.zeros(1000)}
    path = tmp_path / f"vgg16{suffix}"
    if suffix == ".pth":
        torch.save(public, path)
    else:
        save_tensors(path, public, {})
    grey = Vgg16(channels=1, classes=0)

    grey.load_public(path)

    # A grey image answers as the same image in three equal colours.
    x = torch.rand(1, 1, 32, 32)
    expected = Vgg16(classes=0)
    expected.load_state_dict({key: value for key, value in public.items() if key.startswith("features")})
    with torch.inference_mode():
        torch.testing.assert_close(
            grey.stages(x)[-1], expected.stages(x.expand(-1, 3, -1, -1))[-1], rtol=1e-3, atol=1e-5
        )


def test_what_is_no_state_dictionary_is_refused_and_its_code_never_run(tmp_path: Path) -> None:
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    torch.save({"features.0.weight": "text"}, tmp_path / "odd.pth")

    for name, message in (("bad.pth", "cannot be read"), ("odd.pth", "no state dictionary")):
        with pytest.raises(InputError, match=message):
            Vgg16(classes=0).load_public(tmp_path / name)
    with pytest.raises(NotFoundError, match="no weights"):
        Vgg16(classes=0).load_public(tmp_path / "missing.pth")


def test_the_stages_of_vgg_are_its_blocks_before_pooling() -> None:
    with torch.inference_mode():
        stages = Vgg16(channels=1, classes=0).stages(torch.rand(1, 1, 64, 48))

    assert [tuple(stage.shape[1:]) for stage in stages] == [
        (64, 64, 48), (128, 32, 24), (256, 16, 12), (512, 8, 6), (512, 4, 3),
    ]  # fmt: skip


def test_the_mean_of_the_logits_counts_each_instance_the_same() -> None:
    found = MeanPool()(FEATURES, nn.Identity())

    assert found.logits.tolist() == [[2.0, 2.0]]
    assert found.shares.tolist() == [[0.25] * 4]


def test_the_two_highest_logits_of_each_class_make_the_case() -> None:
    found = TopPool(2)(FEATURES, nn.Identity())

    # First class: 4 and 3; second: 3 and 3, of the last two instances.
    assert found.logits.tolist() == [[3.5, 3.0]]
    assert found.shares.tolist() == [[0.0, 0.0, 0.5, 0.5]]
    assert TopPool(9)(FEATURES, nn.Identity()).logits.tolist() == [[2.0, 2.0]]


def test_attention_weighs_by_a_softmax_of_the_gated_features() -> None:
    pool = AttentionPool(2, inner=1)
    with torch.no_grad():
        for layer in (pool.content, pool.gate):
            layer.bias.zero_()
        pool.content.weight.copy_(torch.tensor([[1e4, 0.0]]))  # tanh: 1 for all but the third instance, 0 there
        pool.gate.weight.zero_()  # sigmoid: one half
        pool.weigh.weight.fill_(2 * torch.log(torch.tensor(3.0)))
        pool.weigh.bias.zero_()

    found = pool(FEATURES, nn.Identity())

    # exp(2 ln 3 / 2) = 3 three times, 1 once.
    torch.testing.assert_close(found.shares, torch.tensor([[0.3, 0.3, 0.1, 0.3]]))
    torch.testing.assert_close(found.logits, torch.tensor([[0.3 * 8, 0.3 * 5 + 0.1 * 3]]))


def test_sides_that_look_alike_leave_nothing_to_compare() -> None:
    torch.manual_seed(0)
    pool = PairPool(3, ["R-CC", "L-CC", "R-MLO", "L-MLO"], inner=4)
    right = torch.rand(1, 2, 3, 5, 4)
    same = torch.stack([right[:, 0], right[:, 0], right[:, 1], right[:, 1]], dim=1)
    more = same.clone()
    more[:, 3, :, 2, 2] += 5  # a spot on the left, oblique view

    alike, different = pool(same, nn.Identity()), pool(more, nn.Identity())

    assert alike.shares.tolist() == [pytest.approx([0.25] * 4)]
    assert not torch.allclose(alike.logits, different.logits)
    assert different.shares[0, 1] == different.shares[0, 3] != different.shares[0, 0]
    # Cell by cell the spot alone is told from its partner on the other side.
    odd = (pool.evidence(more, nn.Identity()) - pool.evidence(same, nn.Identity())).abs().sum(dim=2) > 0
    assert odd.nonzero().tolist() == [[0, 3, 2, 2]]


def test_frozen_parts_learn_nothing_and_keep_their_statistics() -> None:
    task = classify_task(network={"name": "efficientnet_lite0", "pretrained": "none", "freeze": 3})
    member = build_member(task).train()
    parts = member.body.parts()
    before = [{key: value.clone() for key, value in part.state_dict().items()} for part in parts]
    optimizer = torch.optim.SGD(parameter_groups(member, task.training), lr=1e-2)

    member(torch.rand(2, 1, 1, 32, 32)).logits.square().sum().backward()
    optimizer.step()

    same = [
        all(torch.equal(part.state_dict()[k], v) for k, v in old.items())
        for part, old in zip(parts, before, strict=True)
    ]
    assert same == [True] * 3 + [False] * 6


def test_the_rate_falls_from_the_head_to_the_input() -> None:
    settings = TrainingSettings(learning_rate=0.1, backbone_rate=0.5, decay=0.8, weight_decay=0.01)
    ensemble = build_ensemble(classify_task(), 2)

    groups = parameter_groups(ensemble, settings)

    rate = {id(p): g["lr"] for g in groups for p in g["params"]}
    member = ensemble.members[1]
    assert {rate[id(p)] for p in member.head.parameters()} == {0.1}
    for number, part in enumerate(member.body.parts()):
        wanted = 0.1 * 0.5 * 0.8 ** (8 - number)
        assert all(rate[id(p)] == pytest.approx(wanted) for p in part.parameters())
    assert sum(len(g["params"]) for g in groups) == len(list(ensemble.parameters()))
    assert all(p.ndim <= 1 for g in groups if g["weight_decay"] == 0 for p in g["params"])


def test_the_head_of_the_published_recipe() -> None:
    head = build_head(512, 3, 256, batch_norm=True, dropout=0.5)

    assert [type(layer).__name__ for layer in head] == ["Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear"]
    assert count(head) == 512 * 256 + 256 + 2 * 256 + 256 * 3 + 3
    assert head[3].p == 0.5


def test_eight_bits_are_off_by_half_a_step_at_most() -> None:
    torch.manual_seed(0)
    weights = torch.randn(40, 30, 3, 3) * torch.logspace(-4, 1, 40)[:, None, None, None]

    stored = quantise({"w": weights, "b": torch.linspace(-2, 2, 5), "n": torch.tensor(7)})
    back = restore(stored)

    largest = weights.abs().amax(dim=(1, 2, 3), keepdim=True)
    step = largest / 127
    # Half a step, and the rounding of the scale to half precision (11 bits, fewer for the smallest rows).
    assert ((back["w"] - weights).abs() <= 0.5 * step + largest * 2**-10 + 1e-6).all()
    assert stored["w"].dtype == torch.int8
    assert back["b"].tolist() == [-2, -1, 0, 1, 2]
    assert back["n"] == 7
    assert set(back) == {"w", "b", "n"}


def test_a_row_of_zeros_stays_one() -> None:
    weights = torch.zeros(32, 64)
    weights[1] = 0.5

    assert torch.equal(restore(quantise({"w": weights}))["w"][0], torch.zeros(64))
