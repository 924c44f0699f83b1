"""Suppressions: do-not-call dispositions that this stack writes because the ledger of consent forbids it.

They differ from what agents, CRMs and files send:

    recorded of the person?   no: the ledger said it first, and a consent that is granted again counts
    when decided?             when it is written, so it is never too old and stands behind nothing
    CXone says it already?    nothing is written
    settings cannot do it?    its message waits in the dead-letter queue for an operator; it is not given up

This stack alone can make one: it has an event type of its own, which no mapping of webhooks and no file
can name.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from outbound.campaign_ids import is_campaign_id
from outbound.clock import parse_time
from outbound.contact_ids import read_contact_id
from outbound.dispositions.ledger import ContactState, DispositionRequest
from outbound.dispositions.requests import Disposition, with_content
from outbound.dispositions.settings import DispositionSettings
from outbound.events import Event, EventType
from outbound.queues import Refused

_PREFERRED_CODE = "DO_NOT_CALL"
_REASON = re.compile(r"[a-z_]{1,40}")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{6})Z")
_NEXT_MOMENT = timedelta(milliseconds=2)


def is_suppression(event: Event) -> bool:
    """Return True if an event asks for a suppression."""
    return event.event_type == EventType.SUPPRESSION_REQUESTED


def suppression_of(
    event: Event, settings: DispositionSettings, state: ContactState, now: datetime
) -> Disposition:
    """Return the disposition that suppresses a contact in a campaign.

    Args:
        event: The request.
        settings: They name the code, and the agent in whose name it is written.
        state: The contact's, behind which the suppression must not stand.
        now: The moment of the write.

    Raises:
        Refused: The settings have no code or no agent for it, or the event names no contact.
    """
    campaign_id, contact_id = _whom(event)
    reason = event.data.get("reason")
    notes = f"suppressed: {reason}" if isinstance(reason, str) and _REASON.fullmatch(reason) else "suppressed"
    request = DispositionRequest(
        event.event_id,
        event.correlation_id,
        campaign_id,
        contact_id,
        _code(settings),
        _agent(settings),
        max(now, _just_after(state.rank)),
        "",
        forbids=True,
        suppresses=True,
    )
    return Disposition(with_content(request, notes, {}), notes, {})


def whose(event: Event, now: datetime) -> DispositionRequest:
    """Return the request of a suppression as far as the ledger needs it to find its items."""
    campaign_id, contact_id = _whom(event)
    return DispositionRequest(event.event_id, event.correlation_id, campaign_id, contact_id, "", "", now, "")


def _whom(event: Event) -> tuple[str, str]:
    campaign_id, contact_id = event.data.get("campaign_id"), read_contact_id(event.data.get("contact_id"))
    if not isinstance(campaign_id, str) or not is_campaign_id(campaign_id) or not contact_id:
        raise Refused("a suppression names its campaign and its contact")
    return campaign_id, contact_id


def _code(settings: DispositionSettings) -> str:
    codes = settings.do_not_call_codes & settings.outcome_codes
    if not codes:
        raise Refused(
            "no code of outcome_codes means do-not-call, so no contact can be suppressed: add one to"
            " outcome_codes and do_not_call_codes of the dispositions' settings, then redrive"
        )
    return _PREFERRED_CODE if _PREFERRED_CODE in codes else min(codes)


def _agent(settings: DispositionSettings) -> str:
    if not settings.default_agent_id:
        raise Refused(
            "no agent is named for suppressions: set default_agent_id of the dispositions' settings,"
            " then redrive"
        )
    return settings.default_agent_id


def _just_after(rank: str) -> datetime:
    """Return a moment behind the one that a rank begins with; a clock may have been ahead by minutes."""
    found = _STAMP.match(rank)
    if found is None:
        return parse_time("0001-01-01T00:00:00Z")
    year, month, day, hour, minute, second = found.groups()
    return parse_time(f"{year}-{month}-{day}T{hour}:{minute}:{second}Z") + _NEXT_MOMENT
