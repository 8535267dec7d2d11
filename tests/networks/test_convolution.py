"""The weights' gradient of 3D convolutions in bfloat16, with memory that is not zero by chance."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys, torch
from lesionlab.networks.convolution import Conv3d

edge, worst = int(sys.argv[1]), 0.0
for channels in (8, 48):
    torch.manual_seed(channels)
    layer, x = Conv3d(channels, channels, 3, padding=1, bias=False), torch.randn(4, channels, edge, edge, edge)
    layer(x).square().sum().backward()
    exact = layer.weight.grad.clone()
    layer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        answer = layer(x)
    answer.float().square().sum().backward()
    off = float((layer.weight.grad - exact).abs().max() / exact.abs().max())
    worst = max(worst, off if off == off else float("inf"))
sys.exit(0 if worst < 0.05 else f"off by {worst}")
"""


@pytest.mark.parametrize("edge", [2, 3, 4])
def test_the_gradient_is_that_of_single_precision(edge: int) -> None:
    # glibc fills new memory with 0x7f then: large numbers in bfloat16, where a gradient that is never written shows.
    dirty = {**os.environ, "MALLOC_PERTURB_": "128", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(edge)], env=dirty, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
