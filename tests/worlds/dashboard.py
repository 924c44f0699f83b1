"""The dashboard on moto: its password, campaigns in every state, its handler behind HTTP for a browser."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import sin
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from outbound.campaign_records.health_records import (
    AbandonmentView,
    Attention,
    Calls,
    FailoverView,
    HealthRecord,
    HealthRecords,
    Point,
    Span,
)
from outbound.campaign_records.overviews import (
    ArchiveView,
    CampaignOverview,
    ContactsView,
    Overviews,
    PullsView,
    StackOverview,
    WaitingView,
)
from outbound.campaign_records.samples import Samples
from outbound.dashboard.dashboard import build
from outbound.steering.abandonment import Level
from outbound.steering.health import Sample, Source
from outbound.steering.situation import CampaignState
from outbound.store.table import Key
from worlds.aws import AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime

PASSWORD = "correct-horse-battery-staple"
SECRET = "outbound/dashboard"
LOOPBACK = "127.0.0.1"


class DashboardWorld:
    """A stack whose dashboard is looked at."""

    def __init__(self, aws: AwsWorld, clock: FakeClock) -> None:
        """Make the password and the function."""
        self.aws, self.clock = aws, clock
        aws.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"token": PASSWORD}))
        self.runtime = WorldRuntime(aws, clock, DASHBOARD_SECRET=SECRET)
        self.health = HealthRecords(self.runtime.state, self.runtime.tenant)
        self.overviews = Overviews(self.runtime.state, self.runtime.tenant)
        self.samples = Samples(self.runtime.state, self.runtime.tenant)
        self.work = build(self.runtime)
        self.answered: list[int] = []

    def ask(
        self, path: str = "/dashboard", method: str = "GET", password: str | None = PASSWORD, **headers: str
    ) -> dict[str, Any]:
        """Answer a request as API Gateway hands it over; `headers` with `_` for `-`."""
        return self.answer(method, path, {name.replace("_", "-"): h for name, h in headers.items()}, password)

    def answer(
        self, method: str, path: str, headers: dict[str, str], password: str | None = None
    ) -> dict[str, Any]:
        """Hand over a request with these headers, and with the password where one is given."""
        if password is not None:
            headers = {**headers, "Authorization": authorization(password)}
        answered: dict[str, Any] = self.work(event_of(method, path, headers), Invocation())  # type: ignore[arg-type]
        self.answered.append(answered["statusCode"])
        return answered

    def put(self, *records: HealthRecord) -> None:
        """Let the monitor have seen campaigns, which are registered."""
        for record in records:
            self._register(record.campaign_id)
            assert self.health.put(record, self.clock.now())

    def put_sample(self, campaign_id: str, end: datetime, rate: float, abandoned: float) -> None:
        """Let a window of a campaign have been measured as it ended."""
        begun = end - timedelta(minutes=30)
        sample = Sample(begun, end, end, Source.POLL, rate=rate, abandonment_rate=abandoned)
        assert self.samples.add(campaign_id, sample)

    def put_overviews(self, *overviews: CampaignOverview) -> None:
        """Let the work for campaigns have been gathered."""
        for overview in overviews:
            self._register(overview.campaign_id)
            assert self.overviews.put(overview)

    def _register(self, campaign_id: str) -> None:
        self.runtime.state.put(self.runtime.registry.key(campaign_id), {"campaign_id": campaign_id})

    def forget(self, campaign_id: str) -> None:
        """Take away all that is known of a campaign, for the tests that come after."""
        for kind in ("health", "overview"):
            self.aws.delete(Key(f"{self.runtime.tenant}#campaign-{kind}", campaign_id))


def authorization(password: str, user: str = "operator") -> str:
    """Return the header by which a browser names a password."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def event_of(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return the event that API Gateway makes of a request."""
    parts = urlsplit(path)
    query = parse_qs(parts.query, keep_blank_values=True)
    return {
        "resource": parts.path,
        "path": parts.path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": {"httpMethod": method, "resourcePath": parts.path, "stage": "v1"},
        "body": None,
        "isBase64Encoded": False,
    }


def points(
    now: datetime, rates: Sequence[float | None], abandoned: float | None = 0.012
) -> tuple[Point, ...]:
    """Return points of the last minutes, the last of them now; a rate of None is a gap."""
    first = now - timedelta(minutes=len(rates) - 1)
    return tuple(
        Point(
            first + timedelta(minutes=number),
            rate,
            None if rate is None or abandoned is None else max(0.0, abandoned + 0.004 * sin(number / 17)),
        )
        for number, rate in enumerate(rates)
    )


def seen(campaign_id: str, now: datetime, name: str = "", **changes: Any) -> HealthRecord:
    """Return the record of a campaign that is fine; `changes` are of its fields."""
    rates = [0.21 + 0.03 * sin(minute / 13 + len(campaign_id)) for minute in range(240)]
    today = now.date()
    record = HealthRecord(
        campaign_id=campaign_id,
        name=name or campaign_id.replace("-", " ").capitalize(),
        looked_at=now - timedelta(seconds=20),
        state=CampaignState.ACTIVE,
        status_name="active",
        state_since=now - timedelta(hours=5),
        wanted=CampaignState.ACTIVE,
        window_open=True,
        window_changes_at=datetime.combine(today, datetime.min.time(), UTC) + timedelta(days=1),
        time_zone="America/New_York",
        threshold=0.15,
        calls=Calls(
            Source.POLL,
            now - timedelta(minutes=31),
            now - timedelta(minutes=1),
            now - timedelta(minutes=1),
            calls=412,
            successes=87,
            success_rate=87 / 412,
            success_low=0.181,
            success_high=0.246,
            calls_under_way=23,
            agents_at_work=31,
        ),
        abandonment=spans(today, 38, 2841, 61, 4377),
        failover=FailoverView("autumn-renewals", ("not_proven",)),
        recent=points(now - timedelta(seconds=20), rates),
    )
    return replace(record, **changes)


def spans(today: date, gone: int, answered: int, gone_rolling: int, answered_rolling: int) -> AbandonmentView:
    """Return a view of abandoned calls; its level follows from the numbers."""
    worst = max(gone / answered, gone_rolling / answered_rolling)
    level = Level.OVER if worst > 0.03 else Level.NEAR if worst > 0.025 else Level.FINE
    begun, ends = today - timedelta(days=11), today + timedelta(days=19)
    return AbandonmentView(
        level,
        Span(begun, ends, answered, gone),
        Span(today - timedelta(days=29), today + timedelta(days=1), answered_rolling, gone_rolling),
        reported=gone / answered,
    )


def worked(campaign_id: str, now: datetime, name: str = "", **changes: Any) -> CampaignOverview:
    """Return the overview of a campaign whose work goes well."""
    overview = CampaignOverview(
        campaign_id,
        name or campaign_id.replace("-", " ").capitalize(),
        now - timedelta(seconds=35),
        pulls=PullsView(
            now - timedelta(minutes=21), now - timedelta(minutes=36), now - timedelta(minutes=21), 1240
        ),
        contacts=ContactsView(now - timedelta(hours=3), 18_420, 6_311, 902, 2_745),
        archive=ArchiveView(
            "2026-03-10-run", "complete", now - timedelta(hours=9), now - timedelta(hours=8), 40_112, 0
        ),
        waiting=WaitingView(3, now - timedelta(minutes=14)),
    )
    return replace(overview, **changes)


def furnish(world: DashboardWorld) -> None:
    """Have campaigns in many states, of which some need a person."""
    now = world.clock.now()
    today = now.date()
    falling = [0.2 - 0.0006 * max(0, minute - 60) + 0.01 * sin(minute / 5) for minute in range(240)]
    gaps = [None if 90 < minute < 140 else 0.19 + 0.02 * sin(minute / 21) for minute in range(240)]
    closed = {"window_open": False, "window_changes_at": now + timedelta(hours=11)}
    fine = seen("spring-renewals", now)
    calls = fine.calls
    assert calls is not None
    world.put(
        fine,
        seen(
            "winter-offers",
            now,
            recent=points(now, falling, 0.022),
            calls=replace(calls, successes=48, success_rate=48 / 412, success_low=0.089, success_high=0.147),
            attention=(Attention.CANNOT_FAIL_OVER, Attention.BREACH),
            failover=FailoverView("autumn-renewals", ("cooling_down", "outside_window"), held_by_person=True),
            abandonment=spans(today, 71, 2610, 90, 4011),
        ),
        seen(
            "solar-survey",
            now,
            attention=(Attention.ABANDONMENT_OVER,),
            abandonment=spans(today, 98, 2841, 121, 4377),
            recent=points(now, gaps, 0.031),
            failover=None,
            time_zone="America/Los_Angeles",
        ),
        seen(
            "autumn-renewals",
            now,
            state=CampaignState.PAUSED,
            status_name="paused",
            wanted=CampaignState.PAUSED,
            held_by=("archive run 2026-03-10",),
            calls=None,
            recent=(),
            failover=None,
            **closed,
        ),
        seen(
            "membership",
            now,
            state=CampaignState.PAUSED,
            status_name="on-hold",
            attention=(Attention.NOT_AS_WANTED, Attention.FAILED_OVER),
            failover=FailoverView(
                "autumn-renewals", (), switched="fail_over", switched_at=now - timedelta(hours=1)
            ),
        ),
        seen(
            "rate-only",
            now,
            name="Loyalty calls",
            calls=replace(
                calls, calls=None, successes=None, success_low=None, success_high=None, agents_at_work=None
            ),
            abandonment=None,
            window_open=None,
            window_changes_at=None,
            time_zone="",
        ),
    )
    world.put_overviews(
        worked("spring-renewals", now),
        worked(
            "winter-offers",
            now,
            archive=ArchiveView("r", "incomplete", now - timedelta(hours=2), now, 812, 14),
        ),
        worked(
            "solar-survey",
            now,
            pulls=PullsView(now - timedelta(hours=3), None, None, None, 5, "CXone answers 503 (request r-1)"),
        ),
        worked("autumn-renewals", now, waiting=WaitingView(0), contacts=None, archive=None),
        worked("new-leads", now, contacts=None, archive=None, pulls=PullsView(), waiting=WaitingView(0)),
    )
    for number in range(2 * 24 * 6):
        moment = now - timedelta(minutes=10 * number + 2)
        # By night it does not dial.
        if not 3 <= moment.hour < 13:
            world.put_sample(
                "solar-survey", moment, 0.2 + 0.03 * sin(number / 40), 0.024 + 0.01 * sin(number / 60)
            )
    dead = {"PlanPulls": 0, "PullOutcomes": 0, "DeliverCrm": 4, "RouteWebhooks": 0}
    problems = {"disposition.rejected": 7, "webhook.unmapped": 2}
    world.overviews.put_stack(
        StackOverview(now, dead, problems, waiting=WaitingView(9, now - timedelta(minutes=40)))
    )


Answer = Callable[[str, str, dict[str, str]], dict[str, Any]]


def served(world: DashboardWorld) -> AbstractContextManager[str]:
    """Serve the handler over HTTP, as API Gateway does, and give its address."""
    return served_by(world.answer)


@contextmanager
def served_by(answer: Answer) -> Iterator[str]:
    """Serve over HTTP what answers a method, a path and headers as a function does, and give its address."""

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            answered = answer(self.command, self.path, dict(self.headers.items()))
            body = b64decode(answered["body"]) if answered["isBase64Encoded"] else answered["body"].encode()
            self.send_response(answered["statusCode"])
            for name, value in answered["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST = _any  # noqa: N815 - its names are the server's

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Gateway)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
