"""The final answer of an HTTP exchange: interim ones (102, 103) are passed over, as many as there are.

Python's own client passes over 100 alone, and takes `103 Early Hints` for the answer.
"""

from __future__ import annotations

import http.client

from outbound.http_statuses import is_interim

# Each interim answer has a line and some headers; a server that sends no other has no answer.
_MOST_INTERIM = 20


class FinalResponse(http.client.HTTPResponse):
    """A response whose status is final; to be set as a connection's `response_class`."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not is_interim(status):
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException(f"{_MOST_INTERIM} interim answers and no final one")
