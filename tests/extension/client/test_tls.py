"""Servers behind https."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from LesionLabLib.client import Client, Timeouts
from LesionLabLib.errors import Cancelled, ExtensionError, ServerLost
from LesionLabLib.worker import Job
from tests.extension.client.stage import answers, hangs, respond, stage


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017  (also run on Python 3.9)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@pytest.fixture
def trusted(certificate, monkeypatch):
    """This computer trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_a_trusted_server_is_spoken_to(context, trusted):
    with stage(answers([{"image": "a"}]), context) as server:
        assert server.url.startswith("https://")
        assert Client(server.url, "s3cret").cases()[0].image == "a"


def test_a_server_that_this_computer_does_not_trust_gets_no_token(context):
    with stage(answers([]), context) as server:
        with pytest.raises(ServerLost, match="does not trust the certificate"):
            Client(server.url, "s3cret").cases()
        assert server.requests == []


def test_https_to_a_server_without_it_is_said():
    def puzzled(connection, here):
        connection.recv(65536)
        respond(connection, b"Invalid HTTP request received.", "400 Bad Request")

    with stage(puzzled) as server, pytest.raises(ServerLost, match="may want http://"):
        Client(server.url.replace("http:", "https:")).cases()


def test_http_to_a_server_with_https_ends_in_a_sentence(context):
    with stage(answers([]), context) as server, pytest.raises(ExtensionError, match=r"\.$"):
        Client(server.url.replace("https:", "http:"), timeouts=Timeouts(1, 1, 1)).cases()


@pytest.mark.parametrize(
    "pieces", [(), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[",)], ids=["waiting", "reading"]
)
def test_waiting_on_a_safe_connection_is_cancelled_at_once(context, trusted, pieces):
    job = Job()
    with stage(hangs(*pieces), context) as server:
        threading.Timer(0.3, job.cancel).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            Client(server.url).cases(job)
        assert time.monotonic() - started < 5


def test_a_safe_connection_that_hangs_is_given_up_in_time(context, trusted):
    with stage(hangs(), context) as server, pytest.raises(ServerLost, match="in time"):
        Client(server.url, timeouts=Timeouts(1, 0.3, 0.3)).cases()
