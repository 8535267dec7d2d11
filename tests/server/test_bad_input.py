"""Whatever a client sends, it gets a 4xx that says what, got and expected; nothing else happens and the server lives on."""

from __future__ import annotations

import json

import pytest
from httpx import Client

from tests.server.conftest import image_bytes, ras, refused

GOOD = {"point_mm": ras((20, 18, 15)), "size_mm": 12.0}
LARGEST_MM = 40 * 1.5


def infer(server: Client, text, query="image=case_a&output=json", model="lesion_shape"):
    return server.post(f"/infer/{model}?{query}", data={"params": text})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"point_mm": None}, ["point_mm", "None", "3 numbers"]),
        ({"point_mm": [1, 2]}, ["point_mm", "3 numbers"]),
        ({"point_mm": [1, 2, "3"]}, ["point_mm", "'3'", "3 numbers"]),
        ({"point_mm": "1,2,3"}, ["point_mm", "3 numbers"]),
        ({"point_mm": [1e9, 0, 0]}, ["point_mm", "outside", "1000000000.0", "RAS mm within R"]),
        ({"size_mm": 0}, ["size_mm", "got 0", "> 0"]),
        ({"size_mm": -3}, ["size_mm", "got -3", "> 0"]),
        ({"size_mm": LARGEST_MM + 1}, ["size_mm", "61.0 mm", "60.0 mm"]),
        ({"size_mm": "12"}, ["size_mm", "'12'", "a number"]),
        ({"size_mm": True}, ["size_mm", "True", "a number"]),
        ({"exclude_mm": [1, 2, 3]}, ["exclude_mm", "3 numbers"]),
        ({"exclude_mm": [[0, 0, 900]]}, ["exclude_mm", "outside"]),
        ({"probability": "yes"}, ["probability", "'yes'", "true or false"]),
        ({"result": "half"}, ["result", "'half'", "'crop', 'full'"]),
        ({"result_extension": ".exe"}, ["result_extension", "'.exe'", ".nrrd"]),
        ({"sise_mm": 3}, ["unknown field 'sise_mm'", "did you mean 'size_mm'"]),
        ({"image": "/etc/passwd"}, ["unknown field 'image'"]),
        ({"label_tag": "../../x"}, ["label_tag", "../../x"]),
        ({"foreground": [[1, 2, 3]]}, ["mix"]),
    ],
)
def test_wrong_parameters_are_named(server, change, words):
    refused(infer(server, json.dumps({**GOOD, **change})), 422, *words)


@pytest.mark.parametrize(
    ("clicks", "words"),
    [
        ({"foreground": []}, ["foreground"]),
        ({"background": [[1, 2, 3]]}, ["foreground", "missing"]),
        ({"foreground": [[1, 2]]}, ["foreground", "3 numbers"]),
        ({"foreground": [[0, 0, 99]]}, ["foreground", "outside", "29"]),
        ({"foreground": [[20, 18, 15]], "size_mm": 0}, ["size_mm", "> 0"]),
    ],
)
def test_wrong_clicks_of_the_stock_panel_are_named(server, clicks, words):
    refused(infer(server, json.dumps(clicks)), 422, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["not JSON"]),
        ("[]", ["not an object"]),
        ('"text"', ["not an object"]),
        ('{"point_mm": [NaN, 0, 0]}', ["not finite", "NaN"]),
        ('{"point_mm": [0, 0, 0], "size_mm": Infinity}', ["not finite", "Infinity"]),
        ('{"point_mm": [0, 0, 1e999]}', ["not finite", "1e999"]),
        ('{"size_mm": 3, "size_mm": 4}', ["twice"]),
        ("[" * 50_000, ["nested too deep"]),
        ('{"point_mm": [0, 0, 0], "\\u0000": 1}', ["unknown field"]),
    ],
)
def test_malformed_parameters_are_named(server, text, words):
    refused(infer(server, text), 422, *words)


def test_an_unknown_model_or_image_gets_the_nearest_name(server):
    refused(
        infer(server, "{}", model="lesion_shap"), 404, "no such model", "lesion_shap", "did you mean 'lesion_shape'"
    )
    refused(infer(server, json.dumps(GOOD), "image=case_x"), 404, "no such image", "case_x", "did you mean 'case_")
    refused(infer(server, json.dumps(GOOD), "image=case_a&output=pdf"), 422, "output", "'pdf'", "image, json")
    refused(infer(server, json.dumps(GOOD), ""), 422, "no image is given", "session_id=")
    refused(infer(server, json.dumps(GOOD), "session_id=7c1b"), 404, "no such session", "7c1b")


PATHS = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    "a/../b",
    "..\\x",
    "x\x00y",
    ".hidden",
    "~/x\n",
    "a" * 300,
    "%2e%2e%2fx",
]

ROUTES = [
    ("POST", "/infer/lesion_shape", "image"),
    ("POST", "/infer/lesion_shape", "session_id"),
    ("POST", "/infer/wsi/lesion_shape", "image"),
    ("GET", "/datastore/image", "image"),
    ("HEAD", "/datastore/image", "image"),
    ("PUT", "/datastore/", "image"),
    ("PUT", "/datastore/image", "image"),
    ("DELETE", "/datastore/", "id"),
    ("DELETE", "/datastore/image", "id"),
    ("GET", "/datastore/image/info", "image"),
    ("PUT", "/datastore/image/info", "image"),
    ("GET", "/datastore/label?tag=final", "label"),
    ("GET", "/datastore/label?label=case_a", "tag"),
    ("PUT", "/datastore/label?image=case_a", "tag"),
    ("PUT", "/datastore/label", "image"),
    ("DELETE", "/datastore/label?id=case_a", "tag"),
    ("GET", "/datastore/label/info?label=case_a", "tag"),
    ("PUT", "/datastore/label/info?tag=final", "label"),
    ("PUT", "/datastore/updatelabelinfo?tag=final", "label"),
    ("GET", "/datastore/", "output"),
    ("POST", "/batch/infer/lesion_shape", "images"),
]


@pytest.mark.parametrize("path", PATHS)
def test_no_name_in_a_query_climbs_out_of_the_studies(server, path):
    for method, route, name in ROUTES:
        url = f"{route}{'&' if '?' in route else '?'}"
        files = (
            {"file": ("x.nii.gz", image_bytes()), "label": ("x.nii.gz", image_bytes())}
            if method in ("PUT", "POST")
            else None
        )
        response = server.request(method, url + str(Quoted(name, path)), files=files)
        assert 400 <= response.status_code < 500, (method, route, response.status_code)
        if method != "HEAD":
            assert response.json()["detail"]


class Quoted:
    def __init__(self, name, value):
        from urllib.parse import quote

        self._text = f"{name}={quote(value, safe='')}"

    def __str__(self):
        return self._text


@pytest.mark.parametrize(
    "route", ["/infer/", "/train/", "/activelearning/", "/scoring/", "/batch/infer/", "/model/", "/session/"]
)
@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "%2e%2e", "%2fetc%2fpasswd", "..%5cx", "a%00b", "x%0ay"])
def test_no_name_in_a_path_climbs_out_of_the_studies(server, route, path):
    for method in ("GET", "POST", "PUT", "DELETE"):
        # httpx would tidy "..": the request is sent as it is written.
        response = server.request(method, server.base_url.copy_with(raw_path=(route + path).encode()))
        assert 400 <= response.status_code < 500, (method, response.status_code)
        assert response.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["/ohif/..%2f..%2f..%2fmain.py", "/static/..%2f..%2fconfig.py", "/ohif/%2e%2e", "/proxy/dicom/%2fetc%2fpasswd"],
)
def test_no_page_shows_other_files(server, path):
    response = server.get(server.base_url.copy_with(raw_path=path.encode()))
    assert 400 <= response.status_code < 500


@pytest.mark.parametrize(
    ("route", "body", "words"),
    [
        ("/train/lesion_shape", {"name": "../../x"}, ["name", "../../x"]),
        ("/train/lesion_shape", {"epochs": 0}, ["epochs", "got 0", ">= 1"]),
        ("/train/lesion_shape", {"epoch": 3}, ["unknown field 'epoch'", "did you mean 'epochs'"]),
        ("/train/lesion_shape", {"model": "x"}, ["unknown field 'model'"]),
        ("/train/lesion_shape", {"seed": -1}, ["seed", "got -1", ">= 0"]),
        ("/train/lesion_shape", [], ["not an object"]),
        ("/scoring/dice", {"y": "../../x"}, ["y", "../../x"]),
        ("/activelearning/random", {"label_tag": "../../x"}, ["label_tag", "../../x"]),
        ("/activelearning/random", {"strategy": "x"}, ["unknown field 'strategy'"]),
        ("/batch/infer/lesion_shape", {"label_tag": "../../x"}, ["label_tag", "../../x"]),
        ("/batch/infer/lesion_shape", {"image": "/etc/passwd"}, ["unknown field 'image'"]),
    ],
)
def test_wrong_parameters_of_jobs_are_named(server, route, body, words):
    refused(server.post(route, json=body), 422, *words)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("/train/lesion_shap", ["no such model", "did you mean 'lesion_shape'"]),
        ("/activelearning/rando", ["no such strategy", "did you mean 'random'"]),
        ("/scoring/dices", ["no such scoring method", "did you mean 'dice'"]),
        ("/batch/infer/lesion", ["no such model"]),
    ],
)
def test_unknown_jobs_get_the_nearest_name(server, route, words):
    refused(server.post(route, json={}), 404, *words)


def test_models_are_not_replaced_over_http(server):
    refused(server.put("/model/lesion_shape", files={"file": ("x.pt", b"x")}), 403, "not replaced")
    refused(server.delete("/model/lesion_shape"), 403, "not replaced")
    refused(server.get("/model/lesion_shape"), 404)


def test_what_is_missing_is_a_404(server):
    for route in (
        "/datastore/image?image=nobody", "/datastore/image/info?image=nobody", "/datastore/label?label=case_b&tag=final",
        "/datastore/label/info?label=case_b&tag=final", "/session/nobody", "/datastore/dataset", "/nowhere", "/proxy/dicom/studies",
        "/batch/infer", "/model/info/lesion_shape",
    ):  # fmt: skip
        refused(server.get(route), 404)
    refused(server.delete("/datastore/image?id=nobody"), 404, "nobody")
    refused(server.delete("/datastore/label?id=case_b&tag=final"), 404)


def test_after_all_this_the_server_answers(server):
    assert infer(server, json.dumps(GOOD)).status_code == 200
