"""Started by ``torchrun``: trains the line of ``test_train`` into a folder, together with the other processes."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from lesionlab.learning.team import Team
from lesionlab.learning.train import fit
from lesionlab.progress import Progress
from tests.learning.test_train import LineRecipe


def main(out: Path) -> None:
    team = Team.join("cpu")
    steps: list[Progress] = []
    recipe = LineRecipe()
    fit(recipe, out, 0, steps.append, team=team)
    weights = torch.cat([value.flatten() for value in recipe.network.state_dict().values()])
    (out / f"rank{team.rank}").write_text(f"{len(steps)} {weights.tolist()}", encoding="utf-8")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
