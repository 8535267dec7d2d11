"""Where the server keeps its own files: below the studies folder, so that nothing is written anywhere else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from lesionlab.server.datastore import HOUSE


@dataclass(frozen=True)
class House:
    """The server's own folder.

    Attributes:
        root: it is made when it is first needed.
    """

    root: Path

    @classmethod
    def of(cls, studies: str) -> House:
        """The folder for a studies folder, or for the studies of another server (then in the user's cache)."""
        if is_url(studies):
            return cls(Path.home() / ".cache" / "lesionlab")
        return cls(Path(studies) / HOUSE)

    def sessions(self) -> Path:
        """Images of sessions."""
        return self._made("sessions")

    def incoming(self) -> Path:
        """Uploads that are not yet checked, and files that are being made."""
        return self._made("incoming")

    def model(self, task: str) -> Path:
        """The model that training on these studies wrote for a task."""
        return self.root / "models" / task

    def training(self, task: str) -> Path:
        """Where a training writes until it is done."""
        return self.root / "training" / task

    def trained(self, tasks: list[str]) -> dict[str, Path]:
        """The models that were trained here, by task."""
        return {task: self.model(task) for task in tasks if self.model(task).is_dir()}

    def publish_model(self, task: str) -> None:
        """Put a finished training in the place of the task's model; the model before it is kept as ``<task>.previous``."""
        model = self.model(task)
        previous = model.with_name(f"{task}.previous")
        model.parent.mkdir(parents=True, exist_ok=True)
        if model.exists():
            shutil.rmtree(previous, ignore_errors=True)
            model.rename(previous)
        self.training(task).rename(model)

    def clear_incoming(self) -> None:
        """Remove what an earlier run left half done."""
        shutil.rmtree(self.root / "incoming", ignore_errors=True)

    def _made(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def is_url(studies: str) -> bool:
    """Whether the studies are on another server."""
    return studies.startswith(("http://", "https://"))
