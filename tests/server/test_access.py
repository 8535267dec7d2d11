"""Who may ask, and from which web pages."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from lesionlab.errors import ForbiddenError, InputError, UnauthorizedError
from lesionlab.server.access import Access, is_loopback
from lesionlab.server.launch import serve
from lesionlab.server.settings import Settings

SECRET = "correct horse battery"


def check(access, client="127.0.0.1", method="GET", path="/info/", **headers):
    access.check(method, path, client, Headers({"host": "127.0.0.1:8000", **headers}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1"])
def test_loopback_is_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "localhost.example.org", "", "127.0.0.1.evil.org"])
def test_other_addresses_are_other_machines(host):
    assert not is_loopback(host)


def test_without_a_token_only_this_machine_is_let_in():
    check(Access())
    with pytest.raises(ForbiddenError, match="LESIONLAB_TOKEN"):
        check(Access(), client="10.0.0.7")
    check(Access(everybody=True), client="10.0.0.7")


def test_a_name_bound_anew_to_this_machine_is_refused():
    with pytest.raises(ForbiddenError, match="evil.example"):
        check(Access(), host="evil.example:8000")


def test_with_a_token_everybody_needs_it():
    access = Access(token=SECRET)
    for wrong in (
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {SECRET}"},
        {"authorization": f"Bearer {SECRET}x"},
    ):
        with pytest.raises(UnauthorizedError, match="token"):
            check(access, **wrong)
    check(access, client="10.0.0.7", host="lab.example", authorization=f"Bearer {SECRET}")


def test_a_foreign_page_may_neither_write_nor_read():
    access = Access(origins=("https://viewer.example",))
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"):
        with pytest.raises(ForbiddenError, match="web page"):
            check(access, method="POST", origin=origin)
        assert not access.allows_origin(origin, Headers({"host": "127.0.0.1:8000"}))
    for origin in ("http://localhost:3000", "http://[::1]:9", "https://viewer.example", "http://127.0.0.1:8000"):
        check(access, method="POST", origin=origin)


def test_foreign_origins_are_not_reflected(server):
    answer = server.get("/info/", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-credentials" not in answer.headers
    refused = server.post("/infer/lesion_shape?image=case_a", headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
    assert (
        server.options(
            "/info/", headers={"origin": "https://evil.example", "access-control-request-method": "GET"}
        ).status_code
        == 403
    )
    allowed = server.get("/datastore/", headers={"origin": "http://localhost:3000"})
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "Origin" in allowed.headers["vary"]
    assert "access-control-allow-credentials" not in allowed.headers


def test_the_server_does_not_listen_to_others_without_a_token(monkeypatch, tmp_path):
    monkeypatch.delenv("LESIONLAB_TOKEN", raising=False)
    monkeypatch.delenv("LESIONLAB_INSECURE_NO_AUTH", raising=False)
    with pytest.raises(InputError, match="LESIONLAB_TOKEN"):
        serve(str(tmp_path / "new"), host="0.0.0.0")
    assert not (tmp_path / "new").exists()


def test_settings_survive_the_way_through_the_environment(tmp_path):
    settings = Settings(
        token=SECRET, origins=("https://a.example", "https://b.example"), tasks=(tmp_path,), max_upload_mb=5
    )
    assert Settings.from_environment(settings.to_environment()) == settings


def test_a_wrong_setting_names_its_variable_and_hides_the_secret():
    with pytest.raises(InputError, match="LESIONLAB_MAX_UPLOAD_MB.*'much'"):
        Settings.from_environment({"LESIONLAB_MAX_UPLOAD_MB": "much"})
    with pytest.raises(InputError, match="LESIONLAB_TOKEN") as caught:
        Settings.from_environment({"LESIONLAB_TOKEN": "short"})
    assert "short" not in caught.value.message.replace("at least", "")
