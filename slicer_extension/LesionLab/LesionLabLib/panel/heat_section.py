"""Why the model answered so, and the heat map over the image: which one, how strongly, from what value on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from LesionLabLib.workflow import reasons
from LesionLabLib.workflow.explaining import title_of

from .widgets import Action, Quietly, chosen_of, fill_list

if TYPE_CHECKING:
    from LesionLabLib.workflow.state import State
    from LesionLabLib.workflow.workflow import Workflow


class HeatSection:
    """Explain, show, hide, opacity, threshold."""

    def __init__(self, ui, workflow: Workflow) -> None:
        self._ui = ui
        self._workflow = workflow
        self._show = Action(ui.heatCheck, "toggled(bool)", self._toggle)
        self._choose = Action(
            ui.heatCombo, "currentIndexChanged(int)", lambda _index: workflow.show_heat(chosen_of(ui.heatCombo))
        )
        self._opacity = Action(
            ui.heatOpacitySlider, "valueChanged(double)", lambda value: workflow.set_heat(opacity=float(value))
        )
        self._threshold = Action(
            ui.heatThresholdSlider, "valueChanged(double)", lambda value: workflow.set_heat(threshold=float(value))
        )
        self._volume = Action(ui.heatVolumeCheck, "toggled(bool)", lambda on: workflow.show_heat_volume(bool(on)))
        self._explain = Action(ui.explainButton, "clicked()", lambda: workflow.explain(chosen_of(ui.explainCombo)))
        self._heats: object = None
        self._methods: object = None

    def _toggle(self, on: bool) -> None:
        if on:
            self._workflow.show_heat(chosen_of(self._ui.heatCombo))
        else:
            self._workflow.hide_heat()

    def render(self, state: State) -> None:
        """Draw the heat map's settings."""
        if (state.heats, state.heat.name) != self._heats:
            self._heats = (state.heats, state.heat.name)
            fill_list(self._ui.heatCombo, [(name, name.replace("_", " ")) for name in state.heats], state.heat.name)
        task = state.task_info()
        methods = () if task is None else task.explanations
        if methods != self._methods:
            self._methods = methods
            fill_list(
                self._ui.explainCombo, [(name, title_of(name)) for name in methods], chosen_of(self._ui.explainCombo)
            )
        self._explain.allow(reasons.explain(state))
        for action in (self._show, self._choose):
            action.allow(reasons.heat(state))
        for action in (self._opacity, self._threshold, self._volume):
            action.allow(reasons.shown_heat(state))
        with Quietly(
            self._ui.heatCheck, self._ui.heatOpacitySlider, self._ui.heatThresholdSlider, self._ui.heatVolumeCheck
        ):
            self._ui.heatCheck.setChecked(state.heat.visible)
            self._ui.heatVolumeCheck.setChecked(state.heat.volume)
            self._ui.heatOpacitySlider.value = state.heat.opacity
            self._ui.heatThresholdSlider.value = state.heat.threshold
