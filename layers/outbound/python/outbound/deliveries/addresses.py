"""Which addresses a delivery may go to: public ones, unless a setting allows private ones.

A URL is configuration, and configuration can be wrong or hostile; behind a private address sit the
account's own services, behind a link-local one its credentials.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

# IPv6 forms that carry an IPv4 address in their last 32 bits: NAT64 and its local-use range.
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class AddressRefused(Exception):
    """A destination's URL leads where no delivery may go."""


class Unresolved(Exception):
    """A host name has no address at the moment."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host by the system's resolver. Raises Unresolved where it knows none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unresolved(f"no address for {host}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowed_addresses(host: str, port: int, allow_private: bool, resolver: Resolve = resolve) -> list[str]:
    """Return the addresses of a host, all of them checked, to connect to as they are.

    The name is resolved once: resolving it again for the connection would give the name server a second
    chance to lie.

    Args:
        host: A name, or an address as text.
        port: The port to connect to.
        allow_private: Whether private and loopback addresses will do; others that are not public never do.
        resolver: What resolves names.

    Raises:
        AddressRefused: Even one of the addresses is not allowed.
        Unresolved: The name has no address.
    """
    addresses = resolver(host, port)
    for address in addresses:
        if not _allowed(ipaddress.ip_address(address), allow_private):
            raise AddressRefused(f"{host} leads to {address}, which is not a public address")
    return addresses


def _allowed(address: Address, allow_private: bool) -> bool:
    inner = _embedded(address)
    if inner is not None:
        return _allowed(inner, allow_private)
    if allow_private and (address.is_loopback or _is_private_network(address)):
        return True
    special = address.is_multicast or address.is_reserved or address.is_link_local or address.is_unspecified
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not special and not site_local


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_private_network(address: Address) -> bool:
    """Return True if an address is of a network that a company numbers itself (RFC 1918, RFC 4193)."""
    networks = _PRIVATE_4 if isinstance(address, ipaddress.IPv4Address) else _PRIVATE_6
    return any(address in network for network in networks)


_PRIVATE_4 = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_PRIVATE_6 = (ipaddress.ip_network("fc00::/7"),)
