"""Where LesionLab keeps its own files: below the studies folder, so that nothing is written anywhere else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

#: The folder's name below the studies.
HOUSE = ".lesionlab"


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

    @property
    def models(self) -> Path:
        """The versions that were trained here, ``TASK/VERSION/``."""
        return self.root / "models"

    def sessions(self) -> Path:
        """Images of sessions."""
        return self._made("sessions")

    def incoming(self) -> Path:
        """Uploads that are not yet checked, and files that are being made."""
        return self._made("incoming")

    def jobs(self) -> Path:
        """The database of jobs."""
        self.root.mkdir(parents=True, exist_ok=True)
        return self.root / "jobs.sqlite"

    def training(self, job: str) -> Path:
        """Where a training job writes until it is done."""
        return self.root / "training" / job

    def log(self, job: str) -> Path:
        """What a job's process wrote, for looking into failures."""
        return self._made("logs") / f"{job}.log"

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
