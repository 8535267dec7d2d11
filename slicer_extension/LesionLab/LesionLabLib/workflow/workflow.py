"""The one door for windows: every user action is a method here, and `state` is what there is to show.

No method waits for the server and none raises for a server's or an input's fault: the answer comes with a later `tick`, a fault becomes `State.notice`.
All methods run on the main thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from LesionLabLib.client import Client
    from LesionLabLib.scene import CaseScene
    from LesionLabLib.worker import Worker

    from .state import Point, Settings, State, Value


class Workflow:
    """Labelling with a LesionLab server.

    Args:
        client_factory: Makes the client of a URL and a token; by default `LesionLabLib.client.Client`.
        scene: Where images, marks and masks are shown.
        worker: Does what takes long.
        settings: Who works here, and where temporary files go.
    """

    def __init__(
        self, client_factory: Callable[[str, str], Client], scene: CaseScene, worker: Worker, settings: Settings
    ) -> None: ...

    @property
    def state(self) -> State:
        """What there is to show now."""

    def subscribe(self, listener: Callable[[State], None]) -> Callable[[], None]:
        """Call ``listener`` with every new state; the answer unsubscribes it."""

    def tick(self) -> None:
        """Deliver what the worker finished; the host calls it about every 30 ms."""

    def close(self) -> None:
        """Stop the worker and let go of the scene's events. The scene's nodes stay."""

    # The server

    def connect(self, url: str, token: str = "") -> None:
        """Shake hands with the server at ``url`` and get its tasks and cases."""

    def disconnect(self) -> None:
        """Forget the server; the scene stays."""

    def reconnect(self) -> None:
        """Connect to the same server again, lend it the image again, and ask again for what was left unanswered."""

    def refresh_cases(self) -> None:
        """Read the list of cases again."""

    def choose_task(self, name: str) -> None:
        """Choose what `run` does, and the model that clicks ask if it takes clicks."""

    def set_option(self, field: str, value: Value) -> None:
        """Set a request field of the chosen task; None takes it back to its default."""

    # The image

    def open_case(self, name: str, discard: bool = False) -> None:
        """Open a case with its marks and its last mask; unsaved work is left only if ``discard``."""

    def open_next(self, strategy: str, discard: bool = False) -> None:
        """Open the case that an active-learning strategy chooses."""

    def use_volume(self, node_id: str, discard: bool = False) -> None:
        """Work on a volume of the scene; it is lent to the server once, when first needed."""

    def close_case(self, discard: bool = False) -> None:
        """Leave the case; unsaved work is left only if ``discard``."""

    # Lesions

    def place_point(self, point_mm: Point, size_mm: Optional[float] = None) -> None:
        """Mark a new lesion by a point and perhaps its longest diameter (a sphere), and ask for its mask."""

    def place_line(self, start_mm: Point, end_mm: Point) -> None:
        """Mark a new lesion by its longest diameter, and ask for its mask."""

    def place_circle(self, centre_mm: Point, radius_mm: float, normal_axis: int) -> None:
        """Mark a new lesion by a circle in a plane upright on an axis (0 = R, 1 = A, 2 = S), and ask for its mask."""

    def place_isodose(self, dose_node_id: str, percent: float) -> None:
        """Mark what got at least ``percent`` of the largest dose; the mask is the isodose itself."""

    def set_presence(self, label: str, present: bool) -> None:
        """Say of the whole case that something is there, or is not."""

    def move(self, lesion_id: str, point_mm: Point) -> None:
        """Move a lesion's mark; its mask follows."""

    def resize(self, lesion_id: str, size_mm: float) -> None:
        """Give a lesion's longest diameter; its mask follows, the latest size wins."""

    def select(self, lesion_id: str) -> None:
        """Select a lesion; an empty id selects none."""

    def rename(self, lesion_id: str, name: str) -> None:
        """Give a lesion another name."""

    def exclude(self, point_mm: Point) -> None:
        """Say that a point does not belong to the selected lesion; its mask follows."""

    def freeze(self, lesion_id: str, frozen: bool = True) -> None:
        """Finish a lesion: it cannot be changed, and no other takes a voxel of it."""

    def delete(self, lesion_id: str) -> None:
        """Delete a lesion with its mask."""

    def run_again(self, lesion_id: str) -> None:
        """Ask again for the mask of a lesion that failed or waits."""

    def undo(self) -> None:
        """Take the last change back."""

    def redo(self) -> None:
        """Do again what was taken back."""

    # Tasks on the whole image

    def run(self) -> None:
        """Run the chosen task on the whole image; one that takes clicks asks again for the selected lesion."""

    def next_candidate(self) -> None:
        """Go to the next candidate, and there in the image."""

    def previous_candidate(self) -> None:
        """Go to the candidate before."""

    def accept_candidate(self) -> None:
        """Make a lesion of the candidate looked at, and go on to the next undecided one."""

    def reject_candidate(self) -> None:
        """Say that the candidate looked at is none, and go on to the next undecided one."""

    # Heat maps

    def show_heat(self, name: str) -> None:
        """Show one of `State.heats` over the image."""

    def hide_heat(self) -> None:
        """Hide the heat map."""

    def set_heat(self, opacity: Optional[float] = None, threshold: Optional[float] = None) -> None:
        """Set how strongly the heat map is drawn (0 to 1), and from what value on (0 to 1)."""

    # Labels, training, versions

    def submit(self, over_conflict: bool = False) -> None:
        """Save masks, marks and presence. ``over_conflict``: the user saw `State.conflict` and goes on from it."""

    def start_training(self, epochs: Optional[int] = None) -> None:
        """Train the chosen task on the submitted labels."""

    def cancel_training(self) -> None:
        """Stop the training."""

    def use_version(self, version: str) -> None:
        """Make a version of the chosen task's model the current one."""

    def cancel(self, activity_id: int) -> None:
        """Give up one of `State.activities`."""

    def dismiss_notice(self) -> None:
        """Take the notice away."""
