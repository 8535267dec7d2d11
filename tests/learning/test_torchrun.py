"""Two processes train one network together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_two_processes_end_with_the_same_network_and_one_of_them_reports(tmp_path: Path) -> None:
    script = [str(Path(__file__).parent / "torchrun_line.py"), str(tmp_path)]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *script]
    path = os.pathsep.join([str(ROOT), str(ROOT / "lib")])
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    (steps0, weights0), (steps1, weights1) = (
        (tmp_path / f"rank{rank}").read_text(encoding="utf-8").split(" ", 1) for rank in (0, 1)
    )
    assert weights0 == weights1
    assert (steps0, steps1) == ("240", "0")
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert scores["best"] > -0.01
    assert (tmp_path / "model.safetensors").is_file()
