"""The one door for windows: every user action is a method here, and `state` is what there is to show.

No method waits for the server and none raises for a server's or an input's fault: the answer comes with a later `tick`,
a fault becomes `State.notice`. All methods run on the main thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .asking import Asking
from .candidates import Candidates
from .cases import Cases
from .connection import Connecting
from .context import Context
from .current import Current
from .explaining import Explaining
from .heat import HeatMaps
from .history import History
from .leases import Leases
from .lesions import Lesions
from .loan import Loans
from .placing import Placing
from .prompts import Prompts
from .saving import Saving
from .tasks import Tasks
from .training import Trainings

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
    ) -> None:
        self._current = Current()
        self._asking = Asking(self._current, worker)
        self._scene = scene
        context = Context(self._current, scene, self._asking, settings)
        self._loans = Loans(context)
        self._prompts = Prompts(context, self._loans)
        self._history = History(context, self._prompts.resume)
        self._heat = HeatMaps(context, self._prompts)
        self._placing = Placing(context, self._history, self._prompts)
        self._lesions = Lesions(context, self._history, self._prompts)
        self._candidates = Candidates(context, self._history, self._placing, self._prompts)
        self._tasks = Tasks(
            context, self._loans, self._history, self._lesions, self._placing, self._candidates, self._heat
        )
        self._explaining = Explaining(context, self._loans, self._heat)
        self._leases = Leases(context)
        self._cases = Cases(context, self._loans, self._leases, self._history, self._prompts, self._heat)
        self._trainings = Trainings(context, self._prompts)
        self._saving = Saving(context, lambda: self._connecting.refresh_cases())
        self._connecting = Connecting(
            context,
            client_factory,
            self._loans,
            self._prompts,
            self._cases,
            self._heat,
            self._trainings,
        )
        self._closed = False
        self._unsubscribers = (
            scene.on_mark_moved(lambda mark, done: self._do(lambda: self._lesions.dragged(mark))),
            scene.on_mark_removed(lambda lesion_id: self._do(lambda: self._lesions.delete(lesion_id))),
        )

    @property
    def state(self) -> State:
        """What there is to show now."""
        return self._current.state

    def subscribe(self, listener: Callable[[State], None]) -> Callable[[], None]:
        """Call ``listener`` with every new state; the answer unsubscribes it."""
        return self._current.subscribe(listener)

    def tick(self) -> None:
        """Deliver what the worker finished; the host calls it about every 30 ms."""
        self._do(self._tick)

    def close(self) -> None:
        """Stop the worker and let go of the scene's events. The scene's nodes stay."""
        if self._closed:
            return
        self._closed = True
        self._current.forget_listeners()
        for unsubscribe in self._unsubscribers:
            unsubscribe()
        self._asking.close()
        self._loans.clear()
        self._scene.close()

    # The server

    def connect(self, url: str, token: str = "") -> None:
        """Shake hands with the server at ``url`` and get its tasks and cases."""
        self._do(lambda: self._connecting.connect(url, token))

    def disconnect(self) -> None:
        """Forget the server; the scene stays."""
        self._do(self._connecting.disconnect)

    def reconnect(self) -> None:
        """Connect to the same server again, lend it the image again, and ask again for what was left unanswered."""
        self._do(self._connecting.reconnect)

    def refresh_cases(self) -> None:
        """Read the list of cases again."""
        self._do(self._connecting.refresh_cases)

    def choose_task(self, name: str) -> None:
        """Choose what `run` does, and the model that clicks ask if it takes clicks."""
        self._do(lambda: self._tasks.choose(name))
        self._do(self._trainings.refresh_versions)

    def set_option(self, field: str, value: Value) -> None:
        """Set a request field of the chosen task; None takes it back to its default."""
        self._do(lambda: self._tasks.set_option(field, value))

    # The image

    def open_case(self, name: str, discard: bool = False) -> None:
        """Open a case with its marks and its last mask; unsaved work is left only if ``discard``."""
        self._do(lambda: self._cases.open(name, discard))

    def open_next(self, strategy: str, discard: bool = False) -> None:
        """Open the case that an active-learning strategy chooses."""
        self._do(lambda: self._cases.open_next(strategy, discard))

    def use_volume(self, node_id: str, discard: bool = False) -> None:
        """Work on a volume of the scene; it is lent to the server once, when first needed."""
        self._do(lambda: self._cases.use_volume(node_id, discard))

    def close_case(self, discard: bool = False) -> None:
        """Leave the case; unsaved work is left only if ``discard``."""
        self._do(lambda: self._cases.close(discard))

    # Lesions

    def place_point(self, point_mm: Point, size_mm: float | None = None) -> None:
        """Mark a new lesion by a point and perhaps its longest diameter (a sphere), and ask for its mask."""
        self._do(lambda: self._placing.place_point(point_mm, size_mm))

    def place_line(self, start_mm: Point, end_mm: Point) -> None:
        """Mark a new lesion by its longest diameter, and ask for its mask."""
        self._do(lambda: self._placing.place_line(start_mm, end_mm))

    def place_circle(self, centre_mm: Point, radius_mm: float, normal_axis: int) -> None:
        """Mark a new lesion by a circle in a plane upright on an axis (0 = R, 1 = A, 2 = S), and ask for its mask."""
        self._do(lambda: self._placing.place_circle(centre_mm, radius_mm, normal_axis))

    def place_isodose(self, dose_node_id: str, percent: float) -> None:
        """Mark what got at least ``percent`` of the largest dose; the mask is the isodose itself."""
        self._do(lambda: self._placing.place_isodose(dose_node_id, percent))

    def set_presence(self, label: str, present: bool) -> None:
        """Say of the whole case that something is there, or is not."""
        self._do(lambda: self._lesions.set_presence(label, present))

    def move(self, lesion_id: str, point_mm: Point) -> None:
        """Move a lesion's mark; its mask follows."""
        self._do(lambda: self._lesions.move(lesion_id, point_mm))

    def resize(self, lesion_id: str, size_mm: float) -> None:
        """Give a lesion's longest diameter; its mask follows, the latest size wins."""
        self._do(lambda: self._lesions.resize(lesion_id, size_mm))

    def select(self, lesion_id: str) -> None:
        """Select a lesion; an empty id selects none."""
        self._do(lambda: self._lesions.select(lesion_id))

    def rename(self, lesion_id: str, name: str) -> None:
        """Give a lesion another name."""
        self._do(lambda: self._lesions.rename(lesion_id, name))

    def exclude(self, point_mm: Point) -> None:
        """Say that a point does not belong to the selected lesion; its mask follows."""
        self._do(lambda: self._lesions.exclude(point_mm))

    def freeze(self, lesion_id: str, frozen: bool = True) -> None:
        """Finish a lesion: it cannot be changed, and no other takes a voxel of it."""
        self._do(lambda: self._lesions.freeze(lesion_id, frozen))

    def delete(self, lesion_id: str) -> None:
        """Delete a lesion with its mask."""
        self._do(lambda: self._lesions.delete(lesion_id))

    def run_again(self, lesion_id: str) -> None:
        """Ask again for the mask of a lesion that failed or waits."""
        self._do(lambda: self._lesions.run_again(lesion_id))

    def undo(self) -> None:
        """Take the last change back."""
        self._do(self._history.undo)

    def redo(self) -> None:
        """Do again what was taken back."""
        self._do(self._history.redo)

    # Tasks on the whole image

    def run(self) -> None:
        """Run the chosen task on the whole image; one that takes clicks asks again for the selected lesion."""
        self._do(self._tasks.run)

    def next_candidate(self) -> None:
        """Go to the next candidate, and there in the image."""
        self._do(lambda: self._candidates.step(1))

    def previous_candidate(self) -> None:
        """Go to the candidate before."""
        self._do(lambda: self._candidates.step(-1))

    def accept_candidate(self) -> None:
        """Make a lesion of the candidate looked at, and go on to the next undecided one."""
        self._do(self._candidates.accept)

    def reject_candidate(self) -> None:
        """Say that the candidate looked at is none, and go on to the next undecided one."""
        self._do(self._candidates.reject)

    # Heat maps

    def explain(self, method: str) -> None:
        """Ask the chosen task why it answered so: one of its `TaskInfo.explanations`; the heat map is shown."""
        self._do(lambda: self._explaining.explain(method))

    def show_heat(self, name: str) -> None:
        """Show one of `State.heats` over the image."""
        self._do(lambda: self._heat.show(name))

    def hide_heat(self) -> None:
        """Hide the heat map."""
        self._do(self._heat.hide)

    def set_heat(self, opacity: float | None = None, threshold: float | None = None) -> None:
        """Set how strongly the heat map is drawn (0 to 1), and from what value on (0 to 1)."""
        self._do(lambda: self._heat.set(opacity, threshold))

    def show_heat_volume(self, on: bool) -> None:
        """Show the heat map in 3D as a volume (slow without a graphics card), or as nested surfaces."""
        self._do(lambda: self._heat.as_volume(on))

    # Labels, training, versions

    def submit(self, over_conflict: bool = False) -> None:
        """Save masks, marks and presence. ``over_conflict``: the user saw `State.conflict` and goes on from it."""
        self._do(lambda: self._saving.submit(over_conflict))

    def start_training(self, epochs: int | None = None) -> None:
        """Train the chosen task on the submitted labels."""
        self._do(lambda: self._trainings.start(epochs))

    def cancel_training(self) -> None:
        """Stop the training."""
        self._do(self._trainings.cancel)

    def use_version(self, version: str) -> None:
        """Make a version of the chosen task's model the current one."""
        self._do(lambda: self._trainings.use(version))

    def cancel(self, activity_id: int) -> None:
        """Give up one of `State.activities`."""
        self._do(lambda: self._asking.cancel(activity_id))

    def dismiss_notice(self) -> None:
        """Take the notice away."""
        self._do(lambda: self._current.change(notice=None))

    def _tick(self) -> None:
        self._asking.deliver()
        self._trainings.poll()
        self._leases.renew()

    def _do(self, action: Callable[[], None]) -> None:
        """Every way in: faults become notices, and what follows from the state is brought up to date."""
        if self._closed:
            return
        self._asking.guard(action)
        self._asking.guard(self._heat.follow)
        self._asking.show_activities()
