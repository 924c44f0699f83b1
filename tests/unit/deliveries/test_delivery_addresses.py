"""Where a delivery may go."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from outbound.deliveries.addresses import AddressRefused, allowed_addresses
from outbound.deliveries.http import Outgoing, Target, Unreachable
from worlds.aws import FakeClock
from worlds.deliveries import Receiver

PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "fc00::1",
    "fd12::1",
]
ALWAYS_REFUSED = [
    "0.0.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "fd00:ec2::254%1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::a9fe:a9fe",
]
MAPPED_PRIVATE = [
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "64:ff9b:1::a00:1",
]
PUBLIC = ["8.8.8.8", "52.94.236.248", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def _only(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(addresses)


@pytest.mark.parametrize("address", [*PRIVATE, *MAPPED_PRIVATE, *ALWAYS_REFUSED])
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        allowed_addresses("crm.example", 443, False, _only(address))


@pytest.mark.parametrize("address", [a for a in ALWAYS_REFUSED if not a.startswith("fd00")])
def test_no_setting_allows_link_local_multicast_and_reserved_addresses(address: str) -> None:
    with pytest.raises(AddressRefused):
        allowed_addresses("crm.example", 443, True, _only(address))


@pytest.mark.parametrize("address", [*PRIVATE, *MAPPED_PRIVATE])
def test_a_setting_allows_private_and_loopback_addresses(address: str) -> None:
    assert allowed_addresses("crm.example", 443, True, _only(address)) == [address]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert allowed_addresses("crm.example", 443, False, _only(address)) == [address]


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused):
        allowed_addresses("crm.example", 443, False, _only("8.8.8.8", "10.0.0.1"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::1]", "[::ffff:7f00:1]"]
)
def test_no_spelling_of_the_loopback_address_gets_through(clock: FakeClock, host: str) -> None:
    target = Target(f"https://{host}/", timeout=2, connect_timeout=1)
    with pytest.raises((AddressRefused, Unreachable)) as refused:
        Outgoing(clock).post(target, {}, b"")
    assert not isinstance(refused.value.__cause__, ConnectionError)


def test_http_is_refused_before_anything_is_resolved(clock: FakeClock) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise AssertionError("resolved")

    with pytest.raises(AddressRefused, match="https"):
        Outgoing(clock, resolver).post(Target("http://crm.example/", 2, 1), {}, b"")


def test_the_address_that_was_checked_is_the_one_connected_to(
    clock: FakeClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host != "crm.example":
            return real(host, port, *_, **__)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers)[0], port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    target = Target(f"http://crm.example:{receiver.port}/", 5, 1, allow_insecure=True, allow_private=True)
    assert Outgoing(clock).post(target, {}, b"{}").status == 200
    assert asked == ["crm.example"]
    assert receiver.got[0].headers["host"] == f"crm.example:{receiver.port}"


def test_a_name_without_an_address_is_unreachable(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(Unreachable):
        Outgoing(clock).post(Target("https://crm.invalid/", 2, 1), {}, b"")
