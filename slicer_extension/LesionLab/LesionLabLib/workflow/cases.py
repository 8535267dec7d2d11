"""The open image: a case of the server, or a volume of the scene."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from .checking import BadInput
from .context import Context
from .heat import HeatMaps
from .history import History
from .keeping import Keeping
from .leases import Leases
from .loan import Loans
from .opening import Fetched, fetch, show_work
from .painted import masks_digest
from .prompts import Prompts
from .state import INFO, WARNING, Heat, OpenCase

if TYPE_CHECKING:
    from LesionLabLib.client import Client
    from LesionLabLib.worker import Job, Ticket

_OPENING = "open case"


@dataclass(eq=False)
class _Opening:
    """One wish to open an image; only the last one counts."""

    ticket: Ticket | None = None


class Cases:
    """Opens and leaves images. The old image stays open until the new one is here."""

    def __init__(
        self, context: Context, loans: Loans, leases: Leases, history: History, prompts: Prompts, heat: HeatMaps
    ) -> None:
        self._context = context
        self._loans = loans
        self._leases = leases
        self._keeping = Keeping(context)
        self._history = history
        self._prompts = prompts
        self._heat = heat
        self._opening = _Opening()
        self._origin = ""

    def open(self, name: str, discard: bool, leased: bool = False) -> None:
        """Open a case of the server. ``leased``: should that fail, others may have it."""
        self._check_left(discard)
        opening = self._new_opening()
        context, edits = self._context, self._context.current.edits
        folder = context.settings.folder / f"case-{uuid.uuid4().hex}"

        def work(client: Client, job: Job) -> Fetched:
            return fetch(client, name, context.settings.tag, folder, job)

        def done(fetched: Fetched) -> None:
            if self._opening is not opening:
                return
            if context.current.edits != edits:
                self._check_left(False)
            self._show_case(name, fetched)

        def failed(error: Exception) -> None:
            if leased:
                self._leases.give_back(name)
            self._teller(opening)(error)

        self._keeping.send_first(name)
        opening.ticket = context.asking.ask(
            f"Opening {name}",
            work,
            done,
            failed,
            key=_OPENING,
            of_case=False,
            after=lambda: shutil.rmtree(folder, ignore_errors=True),
        )

    def open_next(self, strategy: str, discard: bool) -> None:
        """Open the case that a strategy chooses."""
        self._check_left(discard)
        opening = self._new_opening()
        client_id = self._context.settings.client_id

        def done(name: str | None) -> None:
            if self._opening is not opening:
                return
            case = self._context.state.case
            if name is None or (case is not None and case.on_server and case.name == name):
                self._context.current.say(INFO, "No other case is left to label.")
                return
            self.open(name, discard, leased=True)

        opening.ticket = self._context.asking.ask(
            "Choosing the next case",
            lambda client, job: client.next_case(strategy, client_id, job),
            done,
            self._teller(opening),
            key=_OPENING,
            of_case=False,
        )

    def use_volume(self, node_id: str, discard: bool) -> None:
        """Work on a volume of the scene."""
        case = self._context.state.case
        if case is not None and case.volume_id == node_id:
            return
        self._check_left(discard)
        self._new_opening()
        self._keep()
        ref = self._context.scene.volume_from_node(node_id)
        self._reset()
        self._begin(OpenCase(ref.name, ref.node_id, on_server=False))

    def close(self, discard: bool) -> None:
        """Leave the open image."""
        self._check_left(discard)
        self._new_opening()
        self._leave()

    def reconnected(self, url: str) -> None:
        """A server answers: send it what could not be sent, and see whether the open case is its own."""
        self._keeping.send_unsent(url)
        self._check_origin(url)

    def _check_origin(self, url: str) -> None:
        """A case belongs to the server that it came from: with another one it is a volume of the scene."""
        case = self._context.state.case
        if case is None or not self._origin:
            return
        self._context.current.change_case(on_server=self._origin == url)
        if self._origin != url:
            text = f"{case.name} came from {self._origin}. You can go on with it here, but only submit it there."
            self._context.current.say(WARNING, text)

    def _check_left(self, discard: bool) -> None:
        case = self._context.state.case
        if case is None or discard:
            return
        # Masks also change without an action here: by hand, in Slicer's own editor.
        if case.unsaved or masks_digest(self._context.scene) != self._context.current.saved_masks:
            raise BadInput(
                f"The work on {case.name} is not submitted. Submit it first, or leave without its masks; "
                "its marks are kept with the case."
                if case.on_server
                else f"The work on {case.name} is not saved. Leave it only if it may be lost."
            )

    def _new_opening(self) -> _Opening:
        """A wish to open an image takes the place of the one before."""
        if self._opening.ticket is not None:
            self._context.asking.cancel(self._opening.ticket.id)
        self._opening = _Opening()
        return self._opening

    def _teller(self, opening: _Opening) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            if self._opening is opening:
                self._context.asking.tell(error)

        return failed

    def _leave(self) -> None:
        """Close the open image; the weak labels are kept with it."""
        if self._context.state.case is not None:
            self._keep()
            self._context.scene.close_case()
            self._reset()

    def _keep(self) -> None:
        case = self._context.state.case
        if case is None:
            return
        if case.on_server and case.unsaved:
            self._keeping.keep(case.name, self._origin)
        self._leases.release()

    def _reset(self) -> None:
        """The state of no image at all."""
        self._prompts.forget()
        self._heat.clear()
        self._loans.clear()
        self._origin = ""
        self._context.current.epoch += 1
        self._context.current.change(
            case=None,
            lesions=(),
            selected="",
            presence=(),
            candidates=(),
            candidate=-1,
            candidate_decisions=(),
            scores=(),
            label="",
            certainty=None,
            measurements=(),
            anomaly=None,
            track=(),
            heats=(),
            heat=Heat(),
            conflict="",
        )
        self._history.clear()

    def _show_case(self, name: str, fetched: Fetched) -> None:
        self._keep()
        # The scene lets go of the old image only when it has read the new one.
        ref = self._context.scene.load_volume(fetched.image)
        self._reset()
        self._origin = self._context.state.connection.url
        self._begin(OpenCase(name, ref.node_id, revision=fetched.revision))
        self._context.current.change(cases=fetched.cases, presence=fetched.presence(name))
        show_work(self._context, fetched)
        self._prompts.resume()
        self._leases.hold(name)

    def _begin(self, case: OpenCase) -> None:
        self._context.current.epoch += 1
        self._context.current.change(case=case)
        self._context.current.saved_masks = masks_digest(self._context.scene)
        self._heat.offer()
