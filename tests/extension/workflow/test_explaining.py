"""Why a task answered so: asked for what the reader looks at, shown as a heat map."""

from __future__ import annotations

import numpy as np
import pytest

from LesionLabLib.answers import Answer, Candidate
from LesionLabLib.errors import Refused
from tests.extension.workflow.fakes import MIDDLE_MM, ball
from tests.extension.workflow.test_tasks import FAR, MIDDLE, heat_voxels


def test_a_lesion_is_explained_at_its_own_mark(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.explain("gradcam")
    at_case.settle()
    assert server.details("explain") == [("outline", {"point_mm": list(MIDDLE), "size_mm": 12.0, "explain": "gradcam"})]
    name = f"Grad-CAM, {at_case.lesion().name}"
    assert at_case.state.heats == ("Probability", name)
    assert (at_case.state.heat.name, at_case.state.heat.visible) == (name, True)
    np.testing.assert_array_equal(heat_voxels(at_case) > 0, ball(MIDDLE, 8.0))


def test_its_mask_stays_and_no_label_is_made_of_the_map(at_case, server):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    before = at_case.voxels()
    at_case.workflow.explain("gradcam")
    at_case.settle()
    np.testing.assert_array_equal(at_case.voxels(), before)
    assert len(at_case.state.lesions) == 1


def test_the_map_is_drawn_on_the_slices_and_as_nested_surfaces(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.explain("gradcam")
    at_case.settle()
    volume = at_case.mrml.GetFirstNodeByName(at_case.state.heat.name)
    assert volume.IsA("vtkMRMLScalarVolumeNode")
    models = [at_case.mrml.GetNthNodeByClass(n, "vtkMRMLModelNode") for n in range(9)]
    surfaces = [one for one in models if one is not None and one.GetName().startswith(at_case.state.heat.name)]
    assert len(surfaces) == 3
    assert all(one.GetPolyData().GetNumberOfPoints() for one in surfaces)
    bounds = surfaces[0].GetPolyData().GetBounds()
    assert bounds[0] < MIDDLE[0] < bounds[1]
    at_case.workflow.hide_heat()
    assert at_case.mrml.GetFirstNodeByName(at_case.state.heat.name) is None


def test_a_change_is_shown_by_its_amount(at_case):
    at_case.workflow.place_point(MIDDLE, 12.0)
    at_case.settle()
    at_case.workflow.explain("adversarial")  # the server's map is below 0
    at_case.settle()
    np.testing.assert_array_equal(heat_voxels(at_case) > 0, ball(MIDDLE, 8.0))


def test_of_a_detector_the_candidate_looked_at_is_explained(at_case, server):
    server.answers["find"] = Answer(
        "detect", candidates=(Candidate(tuple(MIDDLE), 9.0, 0.9), Candidate(tuple(FAR), 5.0, 0.5))
    )
    at_case.workflow.choose_task("find")
    at_case.workflow.run()
    at_case.settle()
    at_case.workflow.next_candidate()
    at_case.workflow.explain("deepshap")
    at_case.settle()
    assert server.details("explain") == [("find", {"point_mm": list(FAR), "explain": "deepshap"})]
    assert at_case.state.heat.name == "Deep SHAP, candidate 2"
    np.testing.assert_array_equal(heat_voxels(at_case) > 0, ball(FAR, 8.0))


def test_without_candidates_the_image_is_explained_and_options_that_do_not_fit_stay_away(at_case, server):
    at_case.workflow.choose_task("find")
    at_case.workflow.set_option("at_least", 0.3)
    at_case.workflow.explain("gradcam")
    at_case.settle()
    assert server.details("explain") == [("find", {"explain": "gradcam"})]
    assert at_case.state.heat.name == "Grad-CAM, Find spots"
    np.testing.assert_array_equal(heat_voxels(at_case) > 0, ball(MIDDLE_MM, 8.0))


WRONG = {
    "no lesion": ("outline", "gradcam", "explains a lesion: choose one"),
    "another task's way": ("outline", "deepshap", "explains by gradcam, adversarial; got deepshap"),
}


@pytest.mark.parametrize(("task", "method", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_explained_is_said_and_not_asked(at_case, server, task, method, words):
    at_case.workflow.choose_task(task)
    at_case.workflow.explain(method)
    at_case.settle()
    assert words in at_case.said
    assert server.count("explain") == 0


def test_a_refusal_is_told_and_the_last_map_stays(at_case, server):
    at_case.workflow.choose_task("find")
    at_case.workflow.explain("gradcam")
    at_case.settle()
    shown = heat_voxels(at_case)
    server.will_refuse("infer", Refused("The server refused: nothing was found that could be explained.", 422))
    at_case.workflow.explain("deepshap")
    at_case.settle()
    assert "nothing was found" in at_case.said
    np.testing.assert_array_equal(heat_voxels(at_case), shown)


def test_maps_go_with_their_image(at_case):
    at_case.workflow.choose_task("find")
    at_case.workflow.explain("gradcam")
    at_case.settle()
    at_case.workflow.open_case("case_b")
    at_case.settle()
    assert heat_voxels(at_case) is None
    assert "Grad-CAM, Find spots" not in at_case.state.heats
