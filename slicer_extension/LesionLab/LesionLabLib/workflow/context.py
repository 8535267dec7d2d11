"""What every part of the workflow works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .asking import Asking
from .current import Current
from .state import Settings, State

if TYPE_CHECKING:
    from LesionLabLib.scene import CaseScene


@dataclass(frozen=True)
class Context:
    """The state, the scene, the way to the server."""

    current: Current
    scene: CaseScene
    asking: Asking
    settings: Settings

    @property
    def state(self) -> State:
        """The state as it is now."""
        return self.current.state
