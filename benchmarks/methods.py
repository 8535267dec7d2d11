"""The methods that are compared: the peers with their settings, and the network, fold by fold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from benchmarks.peers.chan_vese import ChanVese
from benchmarks.peers.edges import Edges
from benchmarks.peers.growcut import GrowCut
from benchmarks.peers.otsu import Otsu
from benchmarks.peers.peer import Peer
from benchmarks.peers.region_growing import RegionGrowing
from benchmarks.peers.sphere import scaled_sphere, sphere
from benchmarks.peers.walker import Walker
from benchmarks.records import Answer, Method
from benchmarks.trials import Trial
from lesionlab.errors import InternalError, NotFoundError
from lesionlab.kinds import find_task, kind_of
from lesionlab.kinds.kind import Model
from lesionlab.kinds.shape.result import ShapeResult
from lesionlab.kinds.shape.task import ShapeRequest

OURS = "lesion_shape"

#: Tuned on these very lesions, which favours the peers (`python -m benchmarks.tune_peers`).
PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "random walker": Walker(),
        "GrowCut": GrowCut(),
        "scaled sphere": scaled_sphere,
        "sphere": sphere,
        "Otsu": Otsu(),
        "Chan-Vese": ChanVese(),
        "region growing": RegionGrowing(),
        "edges alone (control)": Edges(),
    }
)


def peer_method(peer: Peer) -> Method:
    """A peer as a method."""
    return lambda trial: Answer(peer(trial.image, trial.point_mm, trial.size_mm))


def settings_of(peer: Peer) -> str:
    """A peer's settings as text: when they change, its stored scores are stale."""
    return getattr(peer, "__name__", None) or repr(peer)


class CrossValidated:
    """The network: every patient is answered by the model that was trained without that patient."""

    def __init__(self, models: Path, fold_of: Mapping[str, int]) -> None:
        """``models`` holds ``fold0``, ``fold1``, ..., each as ``train`` wrote it; ``fold_of``: patient -> fold.

        Raises:
            NotFoundError: when a fold's folder is absent.
        """
        self._folders = {fold: models / f"fold{fold}" for fold in sorted(set(fold_of.values()))}
        for folder in self._folders.values():
            if not folder.is_dir():
                raise NotFoundError("a fold's model is absent", got=str(folder), expected="a folder that train wrote")
        self._fold_of = fold_of
        self._task = find_task("lesion_shape")
        self._loaded: tuple[int, Model] | None = None

    def __call__(self, trial: Trial) -> Answer:
        """Answer with the model of the patient's fold."""
        result = self._model(self._fold_of[trial.case.patient]).predict(
            trial.image, ShapeRequest(point_mm=trial.point_mm, size_mm=trial.size_mm)
        )
        if not isinstance(result, ShapeResult):
            raise InternalError("the task did not answer with a shape", got=type(result).__name__)
        return Answer(result.mask, result.certainty)

    def _model(self, fold: int) -> Model:
        if self._loaded is None or self._loaded[0] != fold:
            self._loaded = (fold, kind_of(self._task).load(self._task, self._folders[fold]))
        return self._loaded[1]
