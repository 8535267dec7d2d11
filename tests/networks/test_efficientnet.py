"""EfficientNet-Lite0 and its ImageNet weights."""

from __future__ import annotations

import pytest
import torch

from lesionlab.networks.efficientnet import CHANNELS, STRIDES, EfficientNetLite0, SameConv


@pytest.fixture(scope="module")
def imagenet() -> EfficientNetLite0:
    network = EfficientNetLite0(3, 1000).eval()
    network.load_imagenet()
    return network


def test_it_has_the_published_number_of_parameters() -> None:
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008


def test_the_stages_have_the_strides_and_channels_that_are_told() -> None:
    with torch.no_grad():
        outputs = EfficientNetLite0(1, 0).eval().features(torch.zeros(1, 1, 64, 96))
    assert [tuple(y.shape[1:]) for y in outputs[:-1]] == [
        (channels, 64 // stride, 96 // stride) for channels, stride in zip(CHANNELS, STRIDES, strict=True)
    ]
    assert outputs[-1].shape == (1, 1280, 2, 3)


def test_an_even_plane_is_padded_after_its_last_sample_as_tensorflow_does() -> None:
    conv = SameConv(1, 1, 3, 2, bias=False)
    torch.nn.init.constant_(conv.weight, 1)
    answer = conv(torch.arange(4.0).repeat(4, 1)[None, None])
    assert answer.tolist() == [[[[9.0, 15.0], [6.0, 10.0]]]]  # 3 (0 + 1 + 2), 3 (2 + 3); two rows at the end


def test_the_imagenet_weights_name_what_they_see(imagenet: EfficientNetLite0) -> None:
    # A photograph of a cat, which scikit-image brings.
    data = pytest.importorskip("skimage.data")
    photograph = torch.from_numpy(data.chelsea()[:, 75:375].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        scores = imagenet(torch.nn.functional.interpolate(photograph, size=224, mode="area"))
    cats = {281, 282, 283, 284, 285}  # ImageNet's house cats
    assert int(scores.argmax()) in cats


def test_a_grey_plane_answers_as_the_same_plane_in_three_channels(imagenet: EfficientNetLite0) -> None:
    grey = EfficientNetLite0(1, 1000).eval()
    grey.load_imagenet()
    plane = torch.rand(2, 1, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(grey(plane), imagenet(plane.expand(-1, 3, -1, -1)), atol=1e-3)


@pytest.mark.parametrize("depth", [2, 5, 7])
def test_its_first_stages_alone_answer_as_they_do_in_the_whole(imagenet: EfficientNetLite0, depth: int) -> None:
    first = EfficientNetLite0(3, 0, depth=depth).eval()
    first.load_imagenet()
    plane = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        found, whole = first.features(plane), imagenet.features(plane)
    assert len(found) == depth
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, whole, strict=False))


def test_what_is_left_out_is_not_in_its_weights() -> None:
    names = EfficientNetLite0(3, 2, depth=5).state_dict()
    assert {name.split(".")[1] for name in names if name.startswith("stages")} == {"0", "1", "2", "3", "4"}
    assert not any(name.startswith("top") for name in names)
    assert names["classes.weight"].shape == (2, CHANNELS[4])
