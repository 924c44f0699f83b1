"""What every call of the API asks first: a token, its scopes, a free slot."""

from starlette.requests import Request

from sandbox.tenant.state import state_of
from sandbox.wire.refusal import Refusal


def admit(request: Request, *scopes: str, quota: str = "", part: str = "") -> None:
    """Let a request with these scopes through within its quota, or refuse it.

    401 for a token that is missing, unknown or expired; 403 for the first scope that it lacks;
    429 when the quota, if any, is used up. Only requests with a right to be served use a quota up.
    """
    state = state_of(request)
    grant = state.tokens.grant_of(_bearer(request))
    if grant is None:
        raise _unauthorised("The access token is unknown or has expired.")
    for scope in scopes:
        if scope not in grant.scopes:
            raise Refusal(403, "insufficient_scope", f"The token lacks the scope {scope}.")
    if quota:
        state.quotas.take(quota, part)


def _bearer(request: Request) -> str:
    """Return what follows "Bearer"; a second header makes neither count."""
    headers = request.headers.getlist("authorization")
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorised("An Authorization header of the form Bearer <token> is required.")
    return token


def _unauthorised(message: str) -> Refusal:
    return Refusal(401, "invalid_token", message, headers={"WWW-Authenticate": "Bearer"})
