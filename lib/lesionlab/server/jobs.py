"""The parameters of training, active learning, scoring and batch inference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lesionlab.store.versions import TrainRequest
from lesionlab.task import Frozen

#: As ``names.check_name`` allows, so that no tag or name reaches a path.
Name = Annotated[str, StringConstraints(pattern=r"^\w[\w .:+=,()@#~&\[\]^!'-]*$", max_length=100)]


class JobParams(Frozen):
    """What stock clients add to the parameters of every job.

    Attributes:
        client_id: who asks.
    """

    client_id: str | None = Field(default=None, max_length=200)


class TrainParams(JobParams):
    """How to train; see :class:`lesionlab.store.versions.TrainRequest`. Stock clients give the run a name: it does not matter."""

    epochs: int | None = Field(default=None, ge=1, le=100_000)
    seed: int = Field(default=0, ge=0, le=2**31)
    fresh: bool = False
    device: Literal["cpu", "cuda"] | None = None
    name: Name | None = None

    def request(self) -> TrainRequest:
        """What the job is asked to do."""
        return TrainRequest(epochs=self.epochs, seed=self.seed, fresh=self.fresh, device=self.device)


class StrategyParams(JobParams):
    """Which images to choose from (stock strategies take them all), and which task's model looks at them."""

    label_tag: Name | None = None
    task: Name | None = None


class ScoringParams(JobParams):
    """Which labels to compare: those of tag ``y_pred`` with those of tag ``y``."""

    y: Name = "final"
    y_pred: Name = "original"


class BatchParams(JobParams):
    """How to store the answers of batch inference; the last five mean nothing here."""

    label_tag: Name = "original"
    max_batch_size: int = Field(default=0, ge=0)
    save_label: bool = True
    device: str | None = Field(default=None, max_length=50)
    multi_gpu: bool = False
    gpus: str | None = Field(default=None, max_length=50)
    logging: str | None = Field(default=None, max_length=20)
    max_workers: int = Field(default=0, ge=0)
