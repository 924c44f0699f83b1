"""One POST, bounded in time and bytes, over real sockets."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outbound.clock import SystemClock
from outbound.deliveries.http import Outgoing, Target, Unreachable
from worlds.deliveries import Receiver

Talk = Callable[[socket.socket], None]


@contextmanager
def _server(talk: Talk) -> Iterator[int]:
    """A server that reads a request's beginning and then does as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError), listening.accept()[0] as connection:
                talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def _target(
    port: int, timeout: float = 5, scheme: str = "http", ca: str = "", host: str = "127.0.0.1"
) -> Target:
    return Target(f"{scheme}://{host}:{port}/", timeout, 1, True, True, ca)


def _post(target: Target, body: bytes = b"{}") -> int:
    return Outgoing(SystemClock()).post(target, {}, body).status


def _take_request(connection: socket.socket) -> None:
    """Read a request to its end: closing a socket with bytes unread resets the connection."""
    request = b""
    while not request.endswith(b"{}"):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("the request ended early")
        request += piece


def _drip(connection: socket.socket, text: bytes) -> None:
    _take_request(connection)
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.slow
def test_a_server_that_drips_its_headers_is_cut_off_in_time() -> None:
    with _server(lambda c: _drip(c, b"HTTP/1.1 200 OK\r\n" + b"X-Padding: a\r\n" * 60)) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="timed out"):
            _post(_target(port, timeout=0.5))
        assert time.monotonic() - began < 2


@pytest.mark.slow
def test_a_server_that_drips_its_body_has_answered_and_is_cut_off_in_time() -> None:
    with _server(lambda c: _drip(c, b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 1000)) as port:
        began = time.monotonic()
        assert _post(_target(port, timeout=1.5)) == 200
        assert time.monotonic() - began < 3


def test_a_server_that_says_nothing_is_cut_off_in_time() -> None:
    with _server(lambda c: time.sleep(3)) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="timed out"):
            _post(_target(port, timeout=0.3))
        assert time.monotonic() - began < 2


@pytest.mark.slow
def test_a_server_that_does_not_read_is_cut_off_in_time() -> None:
    with _server(lambda c: time.sleep(3)) as port, pytest.raises(Unreachable, match="timed out"):
        _post(_target(port, timeout=0.5), b"x" * 50_000_000)


def test_no_more_of_an_answer_is_read_than_is_good_for_anything() -> None:
    def flood(connection: socket.socket) -> None:
        _take_request(connection)
        connection.sendall(b"HTTP/1.1 500 No\r\n\r\n" + b"a" * 1_000_000)

    with _server(flood) as port:
        answer = Outgoing(SystemClock()).post(_target(port), {}, b"{}")
    assert answer.status == 500
    assert len(answer.body) == 64 * 1024


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 50])
def test_an_answer_that_is_no_http_is_no_answer(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        _take_request(connection)
        connection.sendall(said)

    with _server(talk) as port, pytest.raises(Unreachable, match="no answer"):
        _post(_target(port))


def test_a_closed_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        _post(_target(port))


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _post(_target(receiver.port)) == 200


def test_threads_do_not_pile_up(receiver: Receiver) -> None:
    before = threading.active_count()
    for _ in range(5):
        _post(_target(receiver.port))
    time.sleep(0.1)
    assert threading.active_count() <= before + 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A self-signed certificate for crm.internal, and the file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm.internal")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("crm.internal"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(pem + key.private_bytes(encoding, form, serialization.NoEncryption()))
    return pem.decode(), file


def _speaking_tls(file: Path, seen: list[str | None]) -> Talk:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda connection, name, _: seen.append(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            _take_request(secure)
            secure.sendall(b"HTTP/1.1 204 Fine\r\nContent-Length: 0\r\n\r\n")

    return talk


def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    authority: tuple[str, Path],
) -> None:
    pem, file = authority
    seen: list[str | None] = []
    outgoing = Outgoing(SystemClock(), lambda host, port: ["127.0.0.1"])
    with _server(_speaking_tls(file, seen)) as port:
        target = _target(port, scheme="https", ca=pem, host="crm.internal")
        assert outgoing.post(target, {}, b"{}").status == 204
    assert seen == ["crm.internal"]
    with _server(_speaking_tls(file, seen)) as port:
        target = _target(port, scheme="https", ca=pem, host="other.internal")
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            outgoing.post(target, {}, b"{}")


def test_a_certificate_of_nobody_known_is_refused(authority: tuple[str, Path]) -> None:
    outgoing = Outgoing(SystemClock(), lambda host, port: ["127.0.0.1"])
    with _server(_speaking_tls(authority[1], [])) as port:
        target = _target(port, scheme="https", host="crm.internal")
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            outgoing.post(target, {}, b"{}")


def test_a_server_that_stalls_in_the_handshake_is_cut_off_in_time() -> None:
    with _server(lambda c: time.sleep(3)) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="timed out"):
            _post(_target(port, timeout=0.4, scheme="https"))
        assert time.monotonic() - began < 2


def _say(text: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        _take_request(connection)
        connection.sendall(text)

    return talk


_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
_PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "before",
    [_HINTS, _PROCESSING, _CONTINUE, _HINTS + _HINTS, _PROCESSING + _HINTS, _CONTINUE + _PROCESSING + _HINTS],
)
def test_the_answer_that_counts_is_the_final_one(before: bytes) -> None:
    with _server(_say(before + _OK)) as port:
        assert _post(_target(port)) == 200
    with _server(_say(before + b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")) as port:
        assert _post(_target(port)) == 410


@pytest.mark.parametrize("number", [99, 100, 150, 2000])
def test_an_answer_may_have_many_headers(number: int) -> None:
    headers = b"".join(b"X-Number-%d: %d\r\n" % (each, each) for each in range(number))
    said = b"HTTP/1.1 503 Busy\r\n" + headers + b"Retry-After: 7\r\nContent-Length: 4\r\n\r\nbusy and more"
    with _server(_say(said)) as port:
        answer = Outgoing(SystemClock()).post(_target(port), {}, b"{}")
    assert (answer.status, answer.retry_after, answer.body) == (503, "7", b"busy")


def test_an_answer_in_pieces_is_read_to_its_end() -> None:
    said = b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n2\r\n!!\r\n0\r\n\r\n"
    with _server(_say(_HINTS + said)) as port:
        assert Outgoing(SystemClock()).post(_target(port), {}, b"{}").body == b"bad!!"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"200 OK\r\n\r\n",
        _HINTS,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200_000,
    ],
)
def test_what_is_no_answer_is_none(said: bytes) -> None:
    with _server(_say(said)) as port, pytest.raises(Unreachable):
        _post(_target(port))
