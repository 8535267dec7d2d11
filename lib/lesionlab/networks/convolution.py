"""A 3D convolution that can be trained at the bottom of small windows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SMALLEST = 2


class Conv3d(nn.Conv3d):
    """``nn.Conv3d``, in single precision where a CPU's bfloat16 gradient is wrong.

    Where a volume has two voxels along its first axis, the gradient of the weights (PyTorch 2.13, 3 x 3 x 3 kernels, any number of
    channels) holds memory that nothing was written to, finite or not by chance; three voxels and more are right.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, R, A, S) -> (N, C', R', A', S')."""
        if input.is_cuda or not torch.is_grad_enabled() or min(input.shape[2:]) > _SMALLEST:
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float())
