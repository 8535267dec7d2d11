"""Heat maps over the image: the probability of the selected lesion, and maps of whole-image tasks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from LesionLabLib.errors import ExtensionError

from .checking import BadInput, open_image
from .context import Context
from .prompts import Prompts
from .state import DONE, Heat, Lesion

if TYPE_CHECKING:
    from LesionLabLib.answers import Crop

#: The map that follows the selected lesion.
PROBABILITY = "Probability"


class HeatMaps:
    """Shows one heat map at a time. Call `follow` after anything that may change which one that is."""

    def __init__(self, context: Context, prompts: Prompts) -> None:
        self._context = context
        self._prompts = prompts
        self._maps: dict[str, Crop] = {}
        self._shown: Crop | None = None
        self._asked: tuple[str, object] | None = None

    def offer(self) -> None:
        """Say which maps there are for the open image."""
        task = self._prompts.task()
        clicks = (PROBABILITY,) if task is not None and task.field("probability") is not None else ()
        names = (*clicks, *self._maps) if self._context.state.case is not None else ()
        if names != self._context.state.heats:
            self._context.current.change(heats=names)

    def add(self, name: str, crop: Crop) -> None:
        """A map of the whole image."""
        self._maps[name] = crop
        self.offer()
        self.follow()

    def show(self, name: str) -> None:
        """Show a map; the probability map of a lesion is asked for when it is not known."""
        open_image(self._context)
        if name not in self._context.state.heats:
            there = ", ".join(self._context.state.heats) or "none"
            raise BadInput(f"There is no heat map '{name}' for this image. There are: {there}.")
        self._asked = None
        self._put(replace(self._context.state.heat, name=name, visible=True))
        self.follow()

    def hide(self) -> None:
        """Show none."""
        self._put(replace(self._context.state.heat, visible=False))
        self.follow()

    def set(self, opacity: float | None, threshold: float | None) -> None:
        """Opacity and threshold, 0 to 1."""
        heat = self._context.state.heat
        heat = replace(
            heat,
            opacity=heat.opacity if opacity is None else _share(opacity, "The opacity"),
            threshold=heat.threshold if threshold is None else _share(threshold, "The threshold"),
        )
        self._context.scene.set_heat(heat.opacity, heat.threshold)
        self._put(heat)

    def as_volume(self, on: bool) -> None:
        """Show the map in 3D as a volume, or as nested surfaces."""
        self._put(replace(self._context.state.heat, volume=bool(on)))
        if self._shown is not None:
            self._context.scene.show_heat_volume(bool(on))

    def follow(self) -> None:
        """Make the scene show what the state says."""
        heat = self._context.state.heat
        self._prompts.want_probability = heat.visible and heat.name == PROBABILITY
        crop = self._wanted(heat)
        if crop is self._shown:
            return
        self._shown = crop
        if crop is None:
            self._context.scene.hide_heat()
        else:
            self._draw(crop, heat)

    def _draw(self, crop: Crop, heat: Heat) -> None:
        try:
            self._context.scene.show_heat(crop, heat.name)
        except ExtensionError:
            # Nothing is better than the map of something else.
            self._context.scene.hide_heat()
            raise
        self._context.scene.set_heat(heat.opacity, heat.threshold)
        if heat.volume:
            self._context.scene.show_heat_volume(True)

    def clear(self) -> None:
        """Another image: no maps."""
        self._maps.clear()
        self._asked = None
        if self._shown is not None:
            self._shown = None
            self._context.scene.hide_heat()
        self._prompts.want_probability = False

    def _wanted(self, heat: Heat) -> Crop | None:
        if not heat.visible:
            return None
        if heat.name != PROBABILITY:
            return self._maps.get(heat.name)
        lesion = self._context.state.lesion(self._context.state.selected)
        if lesion is None:
            return None
        crop = self._prompts.known.probability(lesion)
        if crop is None:
            self._ask_once(lesion)
        return crop

    def _ask_once(self, lesion: Lesion) -> None:
        """Ask for the map of a lesion that has a mask already; a failure is not asked again and again."""
        key = (lesion.id, lesion.prompt)
        if lesion.status == DONE and self._asked != key:
            self._asked = key
            self._prompts.ask(lesion.id, again=True)

    def _put(self, heat: Heat) -> None:
        if heat != self._context.state.heat:
            self._context.current.change(heat=heat)


def _share(value: float, what: str) -> float:
    if not math.isfinite(value):
        raise BadInput(f"{what} must be a number from 0 to 1, got {value:g}.")
    return min(max(float(value), 0.0), 1.0)
