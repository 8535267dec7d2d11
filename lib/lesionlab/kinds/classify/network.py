"""A ``classify`` task's network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lesionlab.kinds.classify.bags import channels_of, view_names
from lesionlab.kinds.classify.forms import SlicesForm, planar
from lesionlab.kinds.classify.task import ClassifyTask
from lesionlab.networks.bodies import Body, build_body
from lesionlab.networks.classifier import Answer, Classifier, Ensemble, build_head
from lesionlab.networks.pooling import AttentionPool, CasePool, MeanPool, TopPool
from lesionlab.networks.views import PairPool
from lesionlab.networks.weights import supports_bfloat16

#: Instances that go through the network at once when it answers.
_AT_ONCE = 16


def build_member(task: ClassifyTask, pretrained: bool = False) -> Classifier:
    """One network with random weights, or with the backbone's pre-trained ones if the task says so.

    Raises:
        NotFoundError: they are not there.
    """
    body = build_body(task.network.name, channels_of(task), task.network.depth)
    if pretrained and task.network.pretrained == "imagenet":
        body.load_imagenet(task.network.file)
    width = body.widths[-1]
    pool: CasePool = MeanPool()
    if isinstance(task.input, SlicesForm):
        pool = AttentionPool(width) if task.input.pool == "attention" else TopPool(task.input.top)
    elif view_names(task):
        pool = PairPool(width, view_names(task))
        width = pool.width
    settings = task.network.head
    head = build_head(width, len(task.classes), settings.dense, settings.batch_norm, settings.dropout)
    outlines = task.training.outline > 0 and planar(task.input)
    points = task.training.pointing > 0 and planar(task.input)
    member = Classifier(body, pool, head, task.network.freeze, outlines, points)
    return member.to(memory_format=torch.channels_last) if planar(task.input) else member  # type: ignore[call-overload]


def build_ensemble(task: ClassifyTask, members: int, pretrained: bool = False) -> Ensemble:
    """So many networks."""
    return Ensemble([build_member(task, pretrained) for _ in range(members)])


def forward(network: nn.Module, x: Tensor) -> list[Answer] | Answer:
    """The answers of a member or an ensemble, in bfloat16 where that is faster."""
    halves = any(body.halves for body in network.modules() if isinstance(body, Body))
    with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda or (halves and supports_bfloat16())):
        answer: list[Answer] | Answer = network(x)
    return answer


def mirrors(task: ClassifyTask) -> list[tuple[int, ...]]:
    """Along which axes a case is mirrored for each look: those that training mirrors, alone and together, and none."""
    found: list[tuple[int, ...]] = [()]
    if "horizontal" in task.training.augmentation.flips:
        found.append((-1,))
    if "vertical" in task.training.augmentation.flips:
        found += [(*axes, -2) for axes in found]
    return found


def looks(task: ClassifyTask, x: Tensor) -> list[Tensor]:
    """A case in each look: the answers are averaged."""
    return [x.flip(axes) for axes in mirrors(task)]


@torch.inference_mode()
def answer_cases(task: ClassifyTask, member: Classifier, cases: Tensor) -> Answer:
    """One member's answers to cases (N, K, C, *edges): means of all looks; logits, shares and features."""
    at_once = max(1, _AT_ONCE // cases.shape[1])
    rows = []
    for part in torch.split(cases, at_once):
        answers = [_single(forward(member, look)) for look in looks(task, part)]
        rows.append([torch.stack(column).mean(dim=0) for column in zip(*(a[:3] for a in answers), strict=True)])
    logits, shares, features = (torch.cat(column) for column in zip(*rows, strict=True))
    return Answer(logits, shares, features)


def _single(answer: list[Answer] | Answer) -> Answer:
    assert isinstance(answer, Answer)
    return answer
