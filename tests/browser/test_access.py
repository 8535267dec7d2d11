"""Who may use the workbench."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests

from tests.browser.desk import Desk

pytestmark = pytest.mark.server


def test_without_the_secret_the_page_stays_empty(desk: Desk) -> None:
    address = urlsplit(desk.page.url)
    browser = desk.page.context.browser
    assert browser is not None
    stranger = browser.new_page()
    stranger.goto(f"http://{address.netloc}/index.html?secret=guessed")
    stranger.wait_for_timeout(2500)
    assert stranger.locator("[data-test=connection]").count() == 0
    stranger.close()
    assert desk.state["connection"] == "ready"


def test_foreign_names_and_pages_are_refused_and_the_page_may_load_nothing_from_outside(desk: Desk) -> None:
    base = f"http://{urlsplit(desk.page.url).netloc}/index.html"
    answer = requests.get(base, timeout=10)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert requests.get(base, headers={"Host": "evil.example"}, timeout=10).status_code == 403
    assert requests.get(base, headers={"Origin": "http://evil.example"}, timeout=10).status_code == 403
