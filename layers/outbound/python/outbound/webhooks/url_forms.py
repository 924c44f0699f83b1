"""The forms of a request's URL that its sender may have signed.

API Gateway hands over a query decoded, and an operator writes the base URL by hand: how a sender wrote
either is not to be seen. But it wrote them in one of a few ways, and a signature fits one of them or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def url_forms(url: str) -> Iterator[str]:
    """Return the forms, each once: the URL as it is, then others, some two dozen at most.

    Before the query: the host as written, in small letters without the port that goes without saying, and
    with it; `/webhooks` once where the base URL ends with it. In the query: a blank as `%20` or `+`, brackets
    as they are or encoded, a name without value with or without its `=`.
    """
    address, mark, query = url.partition("?")
    queries = _queries(query) if mark else [""]
    seen = set()
    for base, rest in product(_addresses(address), queries):
        form = base + mark + rest
        if form not in seen:
            seen.add(form)
            yield form


def _addresses(address: str) -> list[str]:
    scheme, mark, rest = address.partition("://")
    if not mark:
        return [address]
    host, slash, path = rest.partition("/")
    small = scheme.lower()
    port = _DEFAULT_PORTS.get(small, "")
    bare = host.lower().removesuffix(port) if port else host.lower()
    hosts = [f"{scheme}://{host}", f"{small}://{bare}"]
    if port and ":" not in bare:
        hosts.append(f"{small}://{bare}{port}")
    path = slash + path
    # The base URL with the first part of every path at its end, which then is there twice.
    once = path.replace("/webhooks/webhooks/", "/webhooks/", 1)
    return [host + each for each in dict.fromkeys((path, once)) for host in hosts]


def _queries(query: str) -> list[str]:
    raw = query.replace("%5B", "[").replace("%5D", "]")
    written = [form for each in (query, raw) for form in (each, each.replace("%20", "+"))]
    return written + ["&".join(part.removesuffix("=") for part in form.split("&")) for form in written]
