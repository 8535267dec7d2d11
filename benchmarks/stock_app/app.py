"""The usual way to serve a click model with MONAI Label: transforms before, the network, transforms after, a writer.

Nothing is made slower than it must be: the volume is cropped around the click before anything else is done with it, and
only the crop is resampled. What costs is what every ``BasicInferTask`` does: it opens the image for each click, and writes
a label of its whole size.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import (
    Activationsd,
    AsDiscreted,
    EnsureChannelFirstd,
    EnsureTyped,
    LoadImaged,
    MapTransform,
    SqueezeDimd,
)
from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.tasks.infer_v2 import InferType
from monailabel.tasks.infer.basic_infer import BasicInferTask
from torch import Tensor, nn
from torch.nn.functional import interpolate

from lesionlab.kinds import find_task
from lesionlab.kinds.shape.inputs import network_input
from lesionlab.kinds.shape.network import build_network, forward
from lesionlab.kinds.shape.task import ShapeTask
from lesionlab.networks.weights import load_network, read_tensors

#: Where the weights are: the benchmark gives both servers the same file.
WEIGHTS = "LESIONLAB_BENCHMARK_WEIGHTS"


class ClickNetwork(nn.Module):
    """Patch (N, 1, n, n, n) -> logits (N, 1, n, n, n): the members of the file, averaged."""

    def __init__(self, task: ShapeTask, path: Path) -> None:
        super().__init__()
        tensors, _ = read_tensors(path)
        self._side = task.patch.side
        self.members = nn.ModuleList()
        for name in sorted({key.split(".", 1)[0] for key in tensors}):
            member = build_network(task)
            load_network(member, tensors, f"{name}.")
            self.members.append(member.to(memory_format=torch.channels_last_3d))  # type: ignore[call-overload]

    def forward(self, patch: Tensor) -> Tensor:
        """Mean logits."""
        inputs = network_input(patch[:, 0], self._side)
        return torch.stack([forward(member, inputs).float() for member in self.members]).mean(dim=0)


class CropAroundClickd(MapTransform):  # type: ignore[misc]
    """The cube around ``foreground[0]``, resampled to ``voxels``^3; notes where it was."""

    def __init__(self, keys: Any, side: float, voxels: int) -> None:
        super().__init__(keys)
        self._side, self._voxels = side, voxels

    def __call__(self, data: Any) -> dict[str, Any]:
        """Crop."""
        out = dict(data)
        for key in self.keys:
            image = out[key]
            spacing = np.linalg.norm(np.asarray(image.affine)[:3, :3], axis=0)
            half = self._side * float(out["size_mm"]) / spacing / 2
            click = np.asarray(out["foreground"][0])
            low = np.maximum(np.floor(click - half), 0).astype(int)
            high = np.minimum(np.ceil(click + half) + 1, image.shape[1:]).astype(int)
            box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            out["click_box"], out["whole_shape"], out["whole_affine"] = box, tuple(image.shape[1:]), image.affine
            crop = image.as_tensor()[(slice(None), *box)][None].float()
            out[key] = interpolate(crop, (self._voxels,) * 3, mode="trilinear")[0]
        return out


class PutBackd(MapTransform):  # type: ignore[misc]
    """The cube, resampled to the box that it came from, in a label of the whole image."""

    def __call__(self, data: Any) -> dict[str, Any]:
        """Put back."""
        out = dict(data)
        for key in self.keys:
            box = out["click_box"]
            shape = [part.stop - part.start for part in box]
            part = interpolate(torch.as_tensor(out[key])[None].float(), shape, mode="trilinear")[0]
            whole = torch.zeros((1, *out["whole_shape"]))
            whole[(slice(None), *box)] = part
            out[key] = MetaTensor(whole, affine=out["whole_affine"])
        return out


class StockShape(BasicInferTask):  # type: ignore[misc]
    """Our network as a ``BasicInferTask``."""

    def __init__(self, task: ShapeTask, path: Path) -> None:
        super().__init__(None, ClickNetwork(task, path), InferType.DEEPGROW, {"lesion": 1}, 3, "for comparison")
        self._patch = task.patch

    def pre_transforms(self, data: Any = None) -> list[Any]:
        """Open, crop."""
        return [
            LoadImaged(keys="image"),
            EnsureChannelFirstd(keys="image"),
            EnsureTyped(keys="image"),
            CropAroundClickd("image", self._patch.side, self._patch.voxels),
        ]

    def post_transforms(self, data: Any = None) -> list[Any]:
        """Into place, then a mask."""
        return [
            Activationsd(keys="pred", sigmoid=True),
            PutBackd("pred"),
            AsDiscreted(keys="pred", threshold=0.5),
            SqueezeDimd(keys="pred", dim=0),
        ]

    def writer(self, data: Any, extension: Any = None, dtype: Any = None) -> Any:
        """Write uint8."""
        return super().writer(data, extension, np.uint8)


class StockApp(MONAILabelApp):  # type: ignore[misc]
    """One model, nothing else."""

    def init_infers(self) -> dict[str, Any]:
        """The one model."""
        task = find_task("lesion_shape")
        assert isinstance(task, ShapeTask)
        return {"lesion_shape": StockShape(task, Path(os.environ[WEIGHTS]))}
