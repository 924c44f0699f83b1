"""What can go wrong with a call to CXone, each with what to do about it.

Capabilities never see an HTTP status: they see these. `retryable` says whether doing the same thing
later can help.
"""

from __future__ import annotations

from datetime import datetime


class CxoneError(Exception):
    """A call to CXone did not give what was asked for."""

    retryable = False
    reason = "cxone_error"
    retry_at: datetime | None = None
    """From when on another try makes sense, where CXone or the quota say so."""
    in_doubt = False
    """Whether the call may have had its effect, or may still have it: a try of it got no whole answer."""


class Unauthorised(CxoneError):
    """CXone does not accept our credentials, or refused a token that was just issued."""

    # An operator rotates a secret while messages wait; they succeed after it.
    retryable = True
    reason = "unauthorised"


class Forbidden(CxoneError):
    """The credentials are right and lack a permission; names the scopes that the call needs."""

    reason = "forbidden"

    def __init__(self, message: str, scopes: tuple[str, ...], role: str = "") -> None:
        """Name the scopes that the client needs in CXone, and the role that its user has to have, if any."""
        needed = ", ".join(scopes) or "none known"
        also = f", and its user the role {role}" if role else ""
        super().__init__(f"{message}; give the API client and its role these scopes: {needed}{also}")
        self.message = message
        self.scopes = scopes


class NotFound(CxoneError):
    """What was asked for does not exist in the tenant."""

    reason = "not_found"


class Conflict(CxoneError):
    """The thing is in a state in which this cannot be done."""

    reason = "conflict"


class VersionConflict(CxoneError):
    """The thing has changed since it was read: read it again."""

    reason = "version_conflict"


class InvalidRequest(CxoneError):
    """CXone refuses the request; names the field where CXone does."""

    reason = "invalid_request"

    def __init__(self, message: str, field: str = "") -> None:
        """Name the field that CXone objects to, if it says."""
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class RateLimited(CxoneError):
    """There is no place in the quota before `retry_at`."""

    retryable = True
    reason = "rate_limited"
    retry_at: datetime

    def __init__(self, message: str, retry_at: datetime) -> None:
        """Say from when on another try makes sense."""
        super().__init__(message)
        self.retry_at = retry_at


class Unavailable(CxoneError):
    """CXone or the way to it is down: connection errors, 5xx, an answer that is not JSON."""

    retryable = True
    reason = "unavailable"

    def __init__(self, message: str, retry_at: datetime | None = None) -> None:
        """Say from when on another try makes sense, if CXone says so."""
        super().__init__(message)
        self.retry_at = retry_at


class OutOfTime(CxoneError):
    """The function's own time is nearly up: hand over."""

    retryable = True
    reason = "out_of_time"


class UnexpectedAnswer(CxoneError):
    """CXone answered with success and something that does not fit its own contract."""

    reason = "unexpected_answer"
