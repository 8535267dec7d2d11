"""Build hooks: the package's dependencies are the pins of ``base.txt``; its wheel holds ``configs/`` and ``slicer_extension/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Pins(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        lines = (Path(self.root) / "requirements" / "base.txt").read_text(encoding="utf-8").splitlines()
        metadata["dependencies"] = [line for line in map(str.strip, lines) if line and not line.startswith("#")]


class Configs(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["configs"] = "lesionlab/configs"
            # The workbench runs on the extension's library.
            for path in sorted((Path(self.root) / "slicer_extension").rglob("*")):
                inside = path.relative_to(self.root)
                if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside.parts):
                    build_data["force_include"][str(inside)] = f"lesionlab/{inside.as_posix()}"
