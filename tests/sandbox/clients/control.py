"""The control calls that the tenant and the receivers share."""

from collections.abc import Mapping
from typing import Any

import requests

from sandbox.clients.answers import LoggedRequest, QuotaUse, Stats

#: Control calls answer at once; one that does not is a sandbox that hangs.
_TIMEOUT_SECONDS = 10


class ControlFailed(Exception):
    """The sandbox refused a control call: the test asked for something that makes no sense."""


class Control:
    """The control calls that the tenant and the receivers share."""

    def __init__(self, url: str) -> None:
        """Steer the sandbox at `url`."""
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def add_fault(
        self,
        action: Mapping[str, Any],
        *,
        method: str | None = None,
        path: str | None = None,
        query: Mapping[str, str] | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> None:
        """Let the `nth` matching request and those after it, `times` in all, meet `action`.

        `path` and the values of `query` are regular expressions that are searched for; `times`
        None is for ever.
        """
        match = {"method": method, "path": path, "query": query}
        given = {name: part for name, part in match.items() if part is not None}
        self._call("POST", "/faults", {"match": given, "nth": nth, "times": times, "action": dict(action)})

    def faults(self) -> list[dict[str, Any]]:
        """Return each fault's action with how many requests it `matched` and `hit`."""
        faults: list[dict[str, Any]] = self._call("GET", "/faults")["faults"]
        return faults

    def clear_faults(self) -> None:
        """Let every request through again."""
        self._call("DELETE", "/faults")

    def requests(self) -> list[LoggedRequest]:
        """Return the latest requests, in the order in which they ended."""
        return [LoggedRequest(**one) for one in self._call("GET", "/requests")["requests"]]

    def reset(self) -> None:
        """Go back to the beginning: no faults, no records, nothing changed in the world in use."""
        self._call("POST", "/reset")

    def stats(self) -> Stats:
        """Return the counts since the beginning."""
        counts = self._call("GET", "/stats")
        return Stats(
            requests=counts["requests"],
            most_at_once=counts["most_at_once"],
            most_at_once_by_call=counts["most_at_once_by_call"],
            quotas={name: QuotaUse(**one) for name, one in counts.get("quotas", {}).items()},
            token_requests=counts.get("token_requests", 0),
            tokens_issued=counts.get("tokens_issued", 0),
        )

    def _call(self, method: str, path: str, document: object = None) -> Any:
        url = f"{self.url}/_sandbox{path}"
        answer = self._session.request(method, url, json=document, timeout=_TIMEOUT_SECONDS)
        if not answer.ok:
            raise ControlFailed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None
