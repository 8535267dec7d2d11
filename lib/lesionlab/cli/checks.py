"""What ``lesionlab doctor`` looks at."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lesionlab.errors import LesionLabError
from lesionlab.kinds import all_tasks, kind_of
from lesionlab.task import Task

_GIB = 1024**3
_ENOUGH_DISK_GIB, _ENOUGH_MEMORY_GIB = 5.0, 3.0
_INSTALL = "run 'make setup' in the source folder"


@dataclass(frozen=True)
class Check:
    """One finding: ``good``, ``fair`` (works, but slower or with less room) or ``bad``, and what to do about it."""

    name: str
    state: Literal["good", "fair", "bad"]
    found: str
    advice: str = ""

    @property
    def line(self) -> str:
        """For people."""
        sign = {"good": "ok  ", "fair": "note", "bad": "FAIL"}[self.state]
        return f"{sign}  {self.name}: {self.found}" + (f". To do: {self.advice}" if self.advice else "")

    def content(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def all_checks(folders: tuple[Path, ...]) -> Iterator[Check]:
    """Every check, one at a time, since some take seconds."""
    yield check_python(sys.version_info[:3])
    yield check_package("torch", "inference and training")
    yield from _speed()
    yield check_package("monai", "MONAI Label")
    yield check_package("pydicom_seg", "MONAI Label, to read DICOM SEG")
    yield check_package("monailabel", "the server")
    yield check_program("itkimage2segimage", "DICOMweb servers")
    yield check_room("disk", shutil.disk_usage(Path.cwd()).free / _GIB, _ENOUGH_DISK_GIB)
    memory = free_memory_gib()
    if memory is not None:
        yield check_room("memory", memory, _ENOUGH_MEMORY_GIB)
    yield from _tasks(folders)


def check_python(version: tuple[int, ...]) -> Check:
    """Python is new enough."""
    found = ".".join(map(str, version))
    if version >= (3, 11):
        return Check("python", "good", found)
    return Check("python", "bad", found, "install Python 3.11 or newer, then run 'make setup'")


def check_package(name: str, purpose: str) -> Check:
    """A package can be imported."""
    try:
        module = importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        return Check(
            name, "bad", f"cannot be imported ({' '.join(str(error).split())}), needed for {purpose}", _INSTALL
        )
    return Check(name, "good", str(getattr(module, "__version__", "importable")))


def check_program(name: str, purpose: str) -> Check:
    """A program is on PATH, or beside this Python."""
    found = shutil.which(name)
    if found is not None:
        return Check(name, "good", found)
    if (Path(sys.executable).parent / name).exists():
        return Check(name, "good", f"{Path(sys.executable).parent / name}, off PATH; 'lesionlab serve' finds it")
    return Check(name, "bad", f"not on PATH, needed for {purpose}", _INSTALL)


def check_room(name: str, free_gib: float, enough_gib: float) -> Check:
    """There is room to work in."""
    if free_gib >= enough_gib:
        return Check(f"free {name}", "good", f"{free_gib:.1f} GiB")
    return Check(f"free {name}", "fair", f"{free_gib:.1f} GiB", f"free some: {enough_gib:g} GiB are comfortable")


def free_memory_gib() -> float | None:
    """Memory that programs may still take, where the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024**2 for line in lines if line.startswith("MemAvailable")), None)


def check_task(task: Task) -> Check:
    """A task's model can be loaded."""
    name = f"task {task.name}"
    if task.weights is None:
        return Check(name, "fair", "ships no weights", f"train it: lesionlab train {task.name} --data DIR --out DIR")
    try:
        model = kind_of(task).load(task)
    except ImportError as error:
        return Check(name, "bad", f"cannot be loaded ({error})", _INSTALL)
    except LesionLabError as error:
        advice = f"install LesionLab again, or train: lesionlab train {task.name} --data DIR --out DIR"
        return Check(name, "bad", error.message, advice)
    return Check(name, "good", f"model {model.version}")


def _speed() -> Iterator[Check]:
    try:
        import torch

        from lesionlab.networks.weights import supports_bfloat16
    except (ImportError, OSError):
        return  # told already
    if torch.cuda.is_available():
        yield Check("device", "good", torch.cuda.get_device_name(0))
    elif supports_bfloat16():
        yield Check("device", "good", f"CPU with bfloat16, {os.cpu_count()} cores")
    else:
        advice = "nothing is wrong; clicks take about five times as long as with bfloat16 or a GPU"
        yield Check("device", "fair", f"CPU without bfloat16, {os.cpu_count()} cores", advice)


def _tasks(folders: tuple[Path, ...]) -> Iterator[Check]:
    try:
        tasks = all_tasks(folders)
    except LesionLabError as error:
        yield Check("tasks", "bad", error.message, "mend the file")
        return
    for task in tasks.values():
        yield check_task(task)
