"""From the workflow's state to what the page shows: names, units, and why a control can do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.present_training import training_row, version_rows
from browser.reasons import reasons
from browser.shown import (
    ActivityRow,
    CandidateRow,
    CaseRow,
    ChoiceRow,
    FigureRow,
    LesionRow,
    NoticeRow,
    OptionRow,
    ScoreRow,
    Shown,
    TaskRow,
)
from LesionLabLib.workflow.explaining import title_of
from LesionLabLib.workflow.prompts import takes_clicks

if TYPE_CHECKING:
    from LesionLabLib.answers import Case, RequestField, TaskInfo
    from LesionLabLib.workflow.state import Connection, Lesion, State

_ICONS = {
    "sphere": "mdi-target",
    "line": "mdi-ruler",
    "circle": "mdi-circle-outline",
    "isodose": "mdi-radioactive",
    "candidate": "mdi-magnify-scan",
    "region": "mdi-shape-outline",
}
#: Fields of a request that the page itself fills, or that only programs need.
_OWN_FIELDS = {"point_mm", "size_mm", "exclude_mm", "probability", "foreground", "background"}


def present(state: State, client_id: str = "") -> Shown:
    """What the page shows of a state; ``client_id`` tells our own leases from others'."""
    task = state.task_info()
    selected = state.lesion(state.selected)
    return Shown(
        connection=state.connection.status,
        connection_text=_connection_text(state.connection),
        server_text=f"LesionLab {state.connection.server_version}".strip(),
        cases=tuple(_case_row(case, state, client_id) for case in state.cases),
        case_name=state.case.name if state.case else "",
        case_unsaved=bool(state.case and state.case.unsaved),
        on_server=bool(state.case is None or state.case.on_server),
        strategies=state.strategies,
        tasks=tuple(TaskRow(t.name, t.title or t.name, t.kind, t.description) for t in state.tasks),
        task=state.task,
        task_text=task.description if task else "",
        takes_clicks=task is not None and takes_clicks(task),
        options=_options(state, task),
        lesions=tuple(_lesion_row(lesion, state.selected) for lesion in state.lesions),
        selected=state.selected,
        size_text=_size_text(selected) if selected else "",
        presence=_presence(state, task),
        candidates=_candidates(state),
        candidate=state.candidate,
        undecided=sum(decision == "undecided" for decision in state.candidate_decisions),
        scores=tuple(ScoreRow(s.name, 100.0 * s.probability, s.name == state.label) for s in state.scores),
        figures=_figures(state),
        explanations=tuple(ChoiceRow(name, title_of(name)) for name in (task.explanations if task else ())),
        heats=state.heats,
        heat_name=state.heat.name,
        heat_visible=state.heat.visible,
        heat_volume=state.heat.volume,
        activities=tuple(
            ActivityRow(a.id, a.text, -1.0 if a.share is None else 100.0 * a.share, a.cancellable)
            for a in state.activities
        ),
        busy=bool(state.activities),
        notice=NoticeRow(state.notice.level, state.notice.text) if state.notice else None,
        training=training_row(state.training) if state.training else None,
        versions=version_rows(state.versions),
        conflict=state.conflict,
        why=reasons(state),
    )


def millimetres(value: float | None) -> str:
    """A length, or nothing."""
    return "" if value is None else f"{value:.1f} mm"


def _connection_text(connection: Connection) -> str:
    if connection.message:
        return connection.message
    words = {"none": "Not connected", "connecting": "Connecting ...", "ready": "Connected", "lost": "Server lost"}
    return words.get(connection.status, connection.status)


def _case_row(case: Case, state: State, client_id: str) -> CaseRow:
    holder = case.lease.holder if case.lease and case.lease.holder != client_id else ""
    is_open = state.case is not None and state.case.on_server and state.case.name == case.image
    return CaseRow(case.image, "final" in case.labels, case.marks, holder, is_open)


def _options(state: State, task: TaskInfo | None) -> tuple[OptionRow, ...]:
    chosen = dict(state.options)
    fields = [field for field in task.fields if field.name not in _OWN_FIELDS] if task else []
    rows = (_option_row(field, chosen.get(field.name, field.default)) for field in fields)
    return tuple(row for row in rows if row is not None)


def _option_row(field: RequestField, value: object) -> OptionRow | None:
    kinds = {"number": "number", "integer": "number", "boolean": "switch", "string": "text"}
    kind = "choice" if field.choices else kinds.get(field.type)
    if kind is None:
        return None
    shown = value if isinstance(value, (str, float, int, bool)) else None
    choices = tuple(str(choice) for choice in field.choices)
    return OptionRow(field.name, kind, shown, field.minimum, field.maximum, choices, field.description)


def _lesion_row(lesion: Lesion, selected: str) -> LesionRow:
    red, green, blue = (round(255 * part) for part in lesion.colour)
    certain = lesion.certainty
    return LesionRow(
        id=lesion.id,
        name=lesion.name,
        colour=f"rgb({red}, {green}, {blue})",
        selected=lesion.id == selected,
        frozen=lesion.frozen,
        busy=lesion.status == "running",
        failed=lesion.status in ("failed", "waiting"),
        mark=_ICONS.get(lesion.shape, "mdi-target"),
        diameter=millimetres(lesion.diameter_mm),
        volume="" if lesion.volume_mm3 is None else f"{lesion.volume_mm3 / 1000.0:.2f} ml",
        certainty="" if certain is None else f"{100.0 * certain:.0f} %",
        certain=0.0 if certain is None else 100.0 * certain,
        message=lesion.message,
    )


def _size_text(lesion: Lesion) -> str:
    if lesion.size_mm is None:
        return "the model finds it"
    return millimetres(lesion.size_mm) + ("" if lesion.size_given else ", found by the model")


def _presence(state: State, task: TaskInfo | None) -> tuple[tuple[str, str], ...]:
    said = dict(state.presence)
    labels = list(dict.fromkeys([*(task.labels if task else ()), *said]))
    return tuple((label, {True: "yes", False: "no", None: ""}[said.get(label)]) for label in labels)


def _candidates(state: State) -> tuple[CandidateRow, ...]:
    return tuple(
        CandidateRow(
            number=index + 1,
            text=millimetres(candidate.size_mm),
            confidence=100.0 * candidate.confidence,
            decision=state.candidate_decisions[index] if index < len(state.candidate_decisions) else "undecided",
            current=index == state.candidate,
        )
        for index, candidate in enumerate(state.candidates)
    )


def _figures(state: State) -> tuple[FigureRow, ...]:
    rows = [FigureRow(name.replace("_", " "), f"{value:.4g}") for name, value in state.measurements]
    if state.certainty is not None:
        rows.append(FigureRow("certainty", f"{100.0 * state.certainty:.0f} %"))
    if state.anomaly is not None:
        rows.append(FigureRow("anomaly score", f"{state.anomaly.score:.3g}"))
        if state.anomaly.percentile is not None:
            rows.append(FigureRow("percentile among normals", f"{state.anomaly.percentile:.0f}"))
    if state.track:
        frames = [box.frame for box in state.track]
        rows.append(FigureRow("tracked over frames", f"{min(frames)} to {max(frames)} ({len(frames)})"))
    return tuple(rows)
