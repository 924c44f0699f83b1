"""Decisions about a mix of contacts at moments of a week, with warm caches."""

import random
import time
from datetime import UTC, datetime, timedelta

_CONTACTS, _ROUNDS = 4000, 7
_CODES = ("212", "928", "208", "850", "305", "401", "601", "808", "907", "215", "312", "503", "713", "404")


def prepare():
    from outbound.compliance.contact import Attempt, Campaign, Caps, ConsentView, Contact, Grant, Kind
    from outbound.compliance.decision import Judge
    from outbound.compliance.numbers import read_number
    from outbound.compliance.rules import packaged_rules

    draw = random.Random(1)
    monday = datetime(2026, 7, 13, tzinfo=UTC)
    people = [
        Contact(
            numbers=(read_number(f"+1{draw.choice(_CODES)}5550100"),),
            state=draw.choice(("", "", "NY", "FL", "TX", "CA", "PA")),
            zip_code=draw.choice(("", "", "10001", "33101", "77001")),
            zone=draw.choice(("", "", "America/New_York", "America/Chicago")),
            attempts=tuple(
                Attempt(monday + timedelta(hours=draw.uniform(-100, 100)))
                for _ in range(draw.choice((0, 0, 1, 2, 3)))
            ),
        )
        for _ in range(_CONTACTS)
    ]
    moments = [monday + timedelta(seconds=draw.uniform(0, 7 * 86_400)) for _ in people]
    consent = ConsentView(grant=Grant(Kind.WRITTEN, monday - timedelta(days=30)))
    campaign, judge = Campaign(caps=Caps(2, 5)), Judge(packaged_rules())

    def decide_all():
        return sum(
            judge.decide(campaign, who, at, consent).callable for who, at in zip(people, moments, strict=True)
        )

    def work():
        found, fastest = decide_all(), float("inf")
        for _ in range(_ROUNDS):
            began = time.process_time()
            decide_all()
            fastest = min(fastest, time.process_time() - began)
        return {"microseconds": fastest / _CONTACTS * 1e6, "decisions": _CONTACTS, "callable": found}

    return work
