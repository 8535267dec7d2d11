"""What users type, and what is made of it."""

from __future__ import annotations

import pytest

from LesionLabLib.client import Client
from LesionLabLib.errors import BadAddress


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("  localhost:8000 \n", "http://localhost:8000"),
        ("HTTP://Host.Example/", "http://host.example"),
        ("http://host:80", "http://host"),
        ("https://host:443/", "https://host"),
        ("https://host:80", "https://host:80"),
        ("http://localhost:8000///", "http://localhost:8000"),
        ("http://localhost:8000/info/", "http://localhost:8000"),
        ("http://localhost:8000/docs#/Infer", "http://localhost:8000"),
        ("http://localhost:8000/ohif/viewer?StudyInstanceUIDs=1", "http://localhost:8000"),
        ("https://lab.example/monai/", "https://lab.example/monai"),
        ("https://lab.example/monai/info/", "https://lab.example/monai"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("::1", "http://[::1]"),
        ("http://[fe80::1]", "http://[fe80::1]"),
        ("gpu_server", "http://gpu_server"),
        ("krankenhaus-köln.example:8000", "http://krankenhaus-köln.example:8000"),
    ],
)
def test_an_address_is_completed(typed, url):
    assert Client(typed).url == url


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "No address"),
        ("   ", "No address"),
        ("ftp://host", "ftp://"),
        ("file:///etc/passwd", "file://"),
        ("local host:8000", "space"),
        ("localhost:eighty", "cannot be understood"),
        ("localhost:80000", "cannot be understood"),
        ("localhost:0", "port 0"),
        ("http://", "names no computer"),
        ("http://:8000", "names no computer"),
        ("http://host..example", "names no computer"),
        ("http://-", "names no computer"),
        ("http://300.1.1.1", "four parts"),
        ("http://1.2.3", "four parts"),
        ("http://[::1", "cannot be understood"),
        ("http://[12]:80", "[12]"),
        ("http://user:secret@host", "user name"),
        ("http://ho\x00st", "sign"),
        ("x" * 300, "names no computer"),
    ],
)
def test_nonsense_is_said_to_be_nonsense_in_one_sentence(typed, word):
    with pytest.raises(BadAddress) as error:
        Client(typed)

    assert word in error.value.message
    assert "\n" not in error.value.message
    assert "secret" not in error.value.message


def test_blanks_around_a_token_are_left_out_and_others_refused():
    Client("host", token=" secret\n")
    with pytest.raises(BadAddress, match="token"):
        Client("host", token="two words")
    with pytest.raises(BadAddress, match="token"):
        Client("host", token="schlüssel")
