"""States of the workflow as a user meets them."""

from __future__ import annotations

from dataclasses import replace

from LesionLabLib.answers import Candidate, Case, ClassScore, Comparison, RequestField, TaskInfo, Training, Version
from LesionLabLib.worker import Activity
from LesionLabLib.workflow.state import Connection, Heat, Lesion, Notice, OpenCase, State

CLICKED = TaskInfo(
    name="outline",
    title="Lesion outline",
    kind="shape",
    description="A point in a lesion and its size give a mask.",
    modalities=("CT", "MR", "PT"),
    labels=("lesion",),
    version="1.2.0",
    fields=(
        RequestField("point_mm", "point", required=True),
        RequestField("size_mm", "number", minimum=0.0, nullable=True),
        RequestField("exclude_mm", "points"),
        RequestField("probability", "boolean", default=False, description="Whether the probability map is wanted too."),
    ),
    explanations=("gradcam", "deepshap"),
)
WHOLE = TaskInfo(
    name="finder",
    title="Nodule finder",
    kind="detect",
    description="Finds nodules.",
    modalities=("CT",),
    labels=("nodule",),
    fields=(
        RequestField(
            "least_confidence",
            "number",
            default=0.5,
            minimum=0.0,
            maximum=1.0,
            description="Weaker candidates are left out.",
        ),
        RequestField("most", "integer", minimum=1, maximum=50, description="How many candidates at most."),
        RequestField(
            "window", "string", default="lung", choices=("lung", "bone"), description="Which window is looked at."
        ),
        RequestField("note", "string", description="Any words."),
        RequestField("rois", "array"),
    ),
)

OFFLINE = State()
CONNECTED = State(
    connection=Connection("ready", "http://127.0.0.1:8000", "0.1.0"),
    tasks=(CLICKED, WHOLE),
    task="outline",
    strategies=("first", "random", "uncertainty"),
    cases=(Case("case_a", ("final",), revision="r1"), Case("case_b"), Case("chest")),
)
OPENED = replace(CONNECTED, case=OpenCase("case_b", "vtkMRMLScalarVolumeNode1"))

FIRST = Lesion(
    "a",
    "Lesion 1",
    "sphere",
    (1.0, 2.0, 3.0),
    12.0,
    True,
    status="done",
    diameter_mm=11.4,
    volume_mm3=812.0,
    certainty=0.84,
)
SECOND = replace(
    FIRST, id="b", name="Upper lobe", frozen=True, colour=(0.2, 0.6, 0.9), diameter_mm=6.2, volume_mm3=94.0, size_mm=6.0
)
THIRD = Lesion("c", "Lesion 3", "line", (4.0, 5.0, 6.0), 20.0, True, status="running", colour=(0.3, 0.8, 0.4))
FOURTH = Lesion(
    "d", "Lesion 4", "circle", (7.0, 8.0, 9.0), 9.0, False, status="failed", message="The point lies outside the image."
)
SEVERAL = replace(
    OPENED,
    case=replace(OPENED.case, unsaved=True),
    lesions=(FIRST, SECOND, THIRD, FOURTH),
    selected="a",
    presence=(("lesion", True),),
    activities=(Activity(7, "Outlining Lesion 3", None, True, True), Activity(8, "Uploading case_b", 0.4, True, True)),
    heats=("probability",),
    heat=Heat("probability", True, 0.6, 0.3),
    can_undo=True,
)
FOUND = replace(
    OPENED,
    task="finder",
    candidates=tuple(Candidate((float(n), 0.0, 0.0), 5.0 + n, 0.9 - 0.1 * n) for n in range(4)),
    candidate=1,
    candidate_decisions=("accepted", "undecided", "rejected", "undecided"),
    scores=(ClassScore("malignant", 0.71), ClassScore("benign", 0.29)),
    label="malignant",
    certainty=0.66,
    measurements=(("dense_share", 0.314),),
)
VERSIONS = (
    Version("1.3.0", True, "2026-03-02T10:15:00Z", "1.2.0", (("dice", 0.842),), 24, "not worse on 6 test patients"),
    Version("1.2.0", False, "2026-02-01T08:00:00Z", None, (("dice", 0.810),), 12),
)
TRAINING = replace(
    CONNECTED,
    versions=VERSIONS,
    training=Training(
        "j1", "outline", "running", epoch=3, epochs=10, step=30, steps=100, loss=0.241, score=0.79, remaining_s=150.0
    ),
)
TRAINED = replace(
    CONNECTED,
    versions=VERSIONS,
    training=Training(
        "j1",
        "outline",
        "done",
        epoch=10,
        epochs=10,
        comparison=Comparison("dice", True, "Not worse on the test patients.", 6, 0.810, 0.842, 0.032, 0.008, 0.055),
    ),
)
LOST = replace(
    SEVERAL,
    connection=Connection("lost", "http://127.0.0.1:8000", "0.1.0", "It did not answer for 30 s."),
    notice=Notice(
        "error",
        "The server at http://127.0.0.1:8000 is lost. Your marks and masks are safe in the scene; press Reconnect.",
    ),
    activities=(),
)
