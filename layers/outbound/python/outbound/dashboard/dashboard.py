"""Answers requests for the dashboard: who may see it, then the page or its data.

API Gateway gives the challenge of a function's 401 another name, so that no browser would ask for a password.
Its authorizer asks first, with the same check, and the gateway's own answer has the challenge:

    authorizer                  no password or a wrong one: 401
    another page's request      403
    method                      405
    password                    401
    page, health                200, 400, 404
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from outbound.campaign_ids import is_campaign_id
from outbound.clock import Invocation
from outbound.dashboard.board import Boards, Order
from outbound.dashboard.health import health_of
from outbound.dashboard.login import Login, Passwords
from outbound.dashboard.metrics import DashboardMetric
from outbound.dashboard.page import board_page, campaign_page, missing_page
from outbound.dashboard.request import HEALTH, METHODS, PAGE, PageRequest, request_of
from outbound.dashboard.responses import (
    json_response,
    page_response,
    problem_response,
    sent,
    unauthenticated,
)
from outbound.logs import logger
from outbound.metrics import measure
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError

_OF_ANOTHER_PAGE = (
    "Another page asked for this. Open the dashboard by its own address, or by a link into a tab of its own."
)
_RETRY_AFTER_SECONDS = "10"


class Unauthorized(Exception):
    """No password, or a wrong one: API Gateway makes its 401 of this one message and of no other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Dashboard:
    """Shows campaigns to those who know the password."""

    def __init__(self, passwords: Passwords, boards: Boards) -> None:
        """Ask for this password, and show these boards."""
        self._passwords = passwords
        self._boards = boards

    def authorize(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the policy that lets a request with the password through.

        Raises Unauthorized for any other. API Gateway keeps the answer for a minute, by the password: so it
        lets through whatever the dashboard has, and each request is checked again behind it.
        """
        login = self._passwords.check(request_of(event).headers.get("authorization", ()))
        _count(login)
        if login is not Login.RIGHT:
            raise Unauthorized
        return _allowing(str(event["methodArn"]))

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request that API Gateway hands over."""
        request = request_of(event)
        return sent(self._refused(request) or self._shown(request), request.method, request.accepts_gzip())

    def _refused(self, request: PageRequest) -> dict[str, Any] | None:
        """Return the answer to a request that gets no page, None where it gets one."""
        if request.is_of_another_page():
            measure(DashboardMetric.CROSS_SITE)
            return problem_response(403, "another-page", _OF_ANOTHER_PAGE)
        if request.method not in METHODS:
            said = "The dashboard only shows: it takes GET and HEAD."
            return problem_response(405, "method-not-allowed", said, Allow=", ".join(METHODS))
        try:
            login = self._passwords.check(request.headers.get("authorization", ()))
        except (ConfigurationError, ClientError, BotoCoreError) as error:
            return _unavailable("the dashboard's password cannot be read", error)
        _count(login)
        return None if login is Login.RIGHT else unauthenticated()

    def _shown(self, request: PageRequest) -> dict[str, Any]:
        measure(DashboardMetric.PAGES_SHOWN)
        try:
            if request.resource == HEALTH:
                return self._health(request)
            if request.resource == PAGE:
                return self._page(request)
        except (ClientError, BotoCoreError) as error:
            return _unavailable("the state table cannot be read", error)
        return problem_response(404, "unknown-path", f"There are {PAGE} and {HEALTH}?campaign_id=ID.")

    def _health(self, request: PageRequest) -> dict[str, Any]:
        campaign_id = request.value("campaign_id")
        if not is_campaign_id(campaign_id):
            said = "Name one campaign: ?campaign_id=ID, of 1 to 64 letters, digits, '-' and '_'."
            return problem_response(400, "bad-campaign-id", said)
        card = self._boards.card(campaign_id)
        if card is None:
            said = f"Nothing is known of {campaign_id}: `outbound campaigns list` shows what is registered."
            return problem_response(404, "unknown-campaign", said)
        return json_response(health_of(card, self._boards.now()))

    def _page(self, request: PageRequest) -> dict[str, Any]:
        if "campaign_id" in request.query:
            campaign_id = request.value("campaign_id")
            card = self._boards.card_with_history(campaign_id) if is_campaign_id(campaign_id) else None
            now = self._boards.now()
            return page_response(campaign_page(card, now)) if card else _missing(campaign_id)
        order = Order(name) if (name := request.value("sort")) in list(Order) else Order.ATTENTION
        return page_response(board_page(self._boards.board(order, bool(request.value("open")))))


def _missing(campaign_id: str) -> dict[str, Any]:
    return page_response(missing_page(campaign_id[:64]), 404)


def _count(login: Login) -> None:
    # A browser asks without a password first; that says nothing of a stranger.
    if login is Login.WRONG:
        measure(DashboardMetric.WRONG_PASSWORDS)
        logger.warning("a wrong password for the dashboard")


def _unavailable(what: str, error: Exception) -> dict[str, Any]:
    reason = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
    logger.error(what, extra={"reason": reason})
    measure(DashboardMetric.UNAVAILABLE)
    said = "The dashboard cannot be shown just now. Try again; its log says what is wrong."
    return problem_response(503, "unavailable", said, Retry_After=_RETRY_AFTER_SECONDS)


def _allowing(method_arn: str) -> dict[str, Any]:
    """Return a policy for the dashboard's resources in the API and the stage of a method."""
    stage = "/".join(method_arn.split("/")[:2])
    resources = [f"{stage}/{method}{path}" for method in METHODS for path in (PAGE, HEALTH)]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resources}
    return {"principalId": "operator", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def build(runtime: Runtime) -> Work:
    """Return the work of the functions of the dashboard: API Gateway's authorizer, and what shows it."""
    dashboard = Dashboard(Passwords(runtime.secrets, runtime.name("DASHBOARD_SECRET")), Boards.of(runtime))

    def answer(event: dict[str, Any], _: Invocation) -> dict[str, Any]:
        return dashboard.authorize(event) if event.get("type") == "REQUEST" else dashboard.answer(event)

    return answer
