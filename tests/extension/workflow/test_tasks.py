"""Tasks on the whole image: candidates are walked through, scores and maps are shown."""

from __future__ import annotations

import numpy as np
import pytest

from LesionLabLib.answers import Anomaly, Answer, Candidate, ClassScore, TrackBox
from LesionLabLib.errors import Refused
from tests.extension.workflow.fakes import ball, crop_of
from tests.server.conftest import ras

MIDDLE = ras((20, 18, 15))
FAR = ras((8, 9, 10))
FOUND = (
    Candidate(tuple(MIDDLE), 12.0, 0.9),
    Candidate(tuple(FAR), 6.0, 0.7),
    Candidate(tuple(ras((30, 9, 10))), None, 0.4),
)


@pytest.fixture
def finder(at_case, server):
    server.answers["find"] = Answer("detect", candidates=FOUND, model_version="f")
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    return at_case


def test_candidates_are_shown_undecided_with_the_best_first(finder):
    assert finder.state.candidates == FOUND
    assert finder.state.candidate == 0
    assert finder.state.candidate_decisions == ("undecided",) * 3


def test_walking_goes_round(finder):
    places = []
    for _ in range(3):
        finder.workflow.next_candidate()
        places.append(finder.state.candidate)
    finder.workflow.previous_candidate()
    assert places == [1, 2, 0]
    assert finder.state.candidate == 2


def test_accepting_makes_a_lesion_with_its_mask_and_goes_on(finder, server):
    finder.workflow.accept_candidate()
    finder.settle()
    assert finder.state.candidate_decisions == ("accepted", "undecided", "undecided")
    assert finder.state.candidate == 1
    assert finder.lesion().shape == "candidate"
    np.testing.assert_array_equal(finder.voxels(), ball(MIDDLE, 12.0))
    assert server.details("infer")[-1][0] == "outline"  # the task that takes clicks, though another is chosen
    finder.workflow.reject_candidate()
    assert finder.state.candidate_decisions == ("accepted", "rejected", "undecided")
    assert finder.state.candidate == 2


def test_decisions_are_taken_back_and_done_again(finder):
    finder.workflow.accept_candidate()
    finder.settle()
    finder.workflow.reject_candidate()
    finder.workflow.undo()
    assert finder.state.candidate_decisions == ("accepted", "undecided", "undecided")
    finder.workflow.undo()
    assert finder.state.candidate_decisions == ("undecided",) * 3
    assert finder.state.lesions == ()
    finder.workflow.redo()
    assert finder.state.candidate_decisions == ("accepted", "undecided", "undecided")
    np.testing.assert_array_equal(finder.voxels(), ball(MIDDLE, 12.0))


def test_a_decided_candidate_is_not_decided_again(finder):
    finder.workflow.accept_candidate()
    finder.workflow.previous_candidate()
    finder.workflow.reject_candidate()
    assert "decided already" in finder.said
    assert len(finder.state.lesions) == 1


def test_undoing_what_came_before_a_run_keeps_its_candidates(at_case, server):
    at_case.workflow.place_point(MIDDLE, 6.0)
    server.answers["find"] = Answer("detect", candidates=FOUND)
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    at_case.workflow.undo()
    assert at_case.state.lesions == ()
    assert at_case.state.candidates == FOUND


def test_a_detector_that_finds_nothing_says_so(at_case, server):
    server.answers["find"] = Answer("detect")
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    assert "found nothing" in at_case.said
    at_case.workflow.next_candidate()
    assert "no candidates" in at_case.said


def test_scores_measurements_percentile_and_track_are_shown(at_case, server):
    server.answers["find"] = Answer(
        "classify",
        scores=(ClassScore("mass", 0.8), ClassScore("none", 0.2)),
        label="mass",
        certainty=0.6,
        measurements=(("density_percent", 23.0),),
        anomaly=Anomaly(3.5, 97.0),
        track=(TrackBox(0, (1.0, 2.0, 3.0, 4.0), 0.5),),
    )
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    state = at_case.state
    assert (state.label, state.certainty, state.scores[0].probability) == ("mass", 0.6, 0.8)
    assert state.anomaly.percentile == 97.0
    assert state.track[0].frame == 0
    assert state.measurements == (("density_percent", 23.0),)
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert at_case.state.scores == ()


def test_labelled_regions_become_lesions_in_one_step(at_case, server):
    whole = np.zeros((40, 36, 30), np.uint8)
    whole[ball(MIDDLE, 12.0)] = 1
    whole[ball(FAR, 6.0)] = 3
    server.answers["find"] = Answer("segment", mask=crop_of(whole), label_names=(("fat", 1), ("gland", 3)))
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    assert [(one.name, one.shape, one.status) for one in at_case.state.lesions] == [
        ("fat", "region", "done"),
        ("gland", "region", "done"),
    ]
    np.testing.assert_array_equal(at_case.voxels(1), ball(FAR, 6.0))
    assert at_case.lesion(1).volume_mm3 == pytest.approx(ball(FAR, 6.0).sum() * 3.0)
    at_case.workflow.undo()
    assert at_case.state.lesions == ()
    assert not at_case.scene.labelmap()[0].any()


def test_options_are_checked_and_sent_for_their_task_alone(at_case, server):
    at_case.workflow.choose_task("find")
    for value, words in ((2.0, "at most 1"), (-1, "at least 0"), ("much", "is a number")):
        at_case.workflow.set_option("at_least", value)
        assert words in at_case.said
    at_case.workflow.set_option("at_most", 1)
    assert "no option 'at_most'" in at_case.said
    at_case.workflow.set_option("at_least", 0.3)
    at_case.workflow.run()
    at_case.workflow.place_point(MIDDLE, 6.0)
    at_case.settle()
    (_, _, found), (_, _, clicked) = server.details("infer")
    assert found == {"at_least": 0.3}
    assert "at_least" not in clicked
    at_case.workflow.set_option("at_least", None)
    assert at_case.state.options == ()


def test_running_a_task_that_takes_clicks_asks_again_for_the_selected_lesion(at_case, server):
    at_case.workflow.run()
    assert "needs a point" in at_case.said
    at_case.workflow.place_point(MIDDLE, 6.0)
    at_case.settle()
    at_case.workflow.run()
    at_case.settle()
    assert server.count("infer") == 2


def test_a_task_that_fails_keeps_the_last_result(finder, server):
    server.will_refuse("infer", Refused("The server refused: no MRA.", 422))
    finder.workflow.run()
    finder.settle()
    assert "no MRA" in finder.said
    assert finder.state.candidates == FOUND


def test_the_probability_map_follows_the_selected_lesion(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    assert at_case.state.heats == ("Probability",)
    at_case.workflow.show_heat("Probability")
    at_case.settle()
    assert server.details("infer")[-1][2]["probability"] is True
    assert at_case.state.heat.visible
    heat = heat_voxels(at_case)
    np.testing.assert_array_equal(heat > 0, ball(MIDDLE, 12.0))
    at_case.workflow.place_point(FAR, 6.0)
    at_case.settle()
    np.testing.assert_array_equal(heat_voxels(at_case) > 0, ball(FAR, 6.0))
    at_case.workflow.select(at_case.lesion(0).id)
    np.testing.assert_array_equal(heat_voxels(at_case) > 0, ball(MIDDLE, 12.0))
    asked = server.count("infer")
    at_case.workflow.hide_heat()
    at_case.settle()
    assert heat_voxels(at_case) is None
    assert server.count("infer") == asked
    at_case.workflow.resize(at_case.lesion(0).id, 10.0)
    at_case.settle()
    assert "probability" not in server.details("infer")[-1][2]


def heat_voxels(desk):
    """The heat map in the scene, on the whole lattice; None when none is shown."""
    shown = desk.workflow._heat._shown
    if shown is None:
        return None
    whole = np.zeros((40, 36, 30))
    i, j, k = shown.origin_index
    a, b, c = shown.voxels.shape
    whole[i : i + a, j : j + b, k : k + c] = shown.voxels
    return whole


def test_a_map_of_a_task_can_be_shown_and_goes_with_the_case(at_case, server):
    server.answers["find"] = Answer("anomaly", heat=crop_of(ball(MIDDLE, 12.0).astype(np.float32)))
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    assert at_case.state.heats == ("Probability", "Find spots")
    at_case.workflow.show_heat("Find spots")
    at_case.workflow.set_heat(opacity=0.7, threshold=2.0)
    assert (at_case.state.heat.opacity, at_case.state.heat.threshold) == (0.7, 1.0)
    at_case.workflow.show_heat_volume(True)
    assert at_case.state.heat.volume
    assert at_case.scene._scene.GetNumberOfNodesByClass("vtkMRMLVolumeRenderingDisplayNode") == 1
    at_case.workflow.show_heat_volume(False)
    assert at_case.scene._scene.GetNumberOfNodesByClass("vtkMRMLVolumeRenderingDisplayNode") == 0
    at_case.workflow.show_heat("something")
    assert "no heat map 'something'" in at_case.said
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert at_case.state.heats == ("Probability",)
    assert heat_voxels(at_case) is None


def test_a_map_that_the_server_does_not_give_is_not_asked_for_again_and_again(at_case, server):
    server.answers["outline"] = Answer("shape", mask=crop_of(ball(MIDDLE, 12.0)), size_mm=12.0)
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.show_heat("Probability")
    at_case.settle()
    at_case.ticks(0.05)
    assert server.count("infer") == 2
