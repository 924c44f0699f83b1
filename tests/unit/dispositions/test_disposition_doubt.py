"""Writes whose answer was lost, what CXone has by itself, ties, and do-not-calls that have to wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outbound.clock import Deadline
from outbound.cxone.errors import Unavailable
from outbound.cxone.ports.dispositions import Contact, NewDisposition
from outbound.dispositions.applier import Applier
from outbound.do_not_call import DoNotCallCodes
from outbound.queues import Refused, TryLater
from outbound.settings import ConfigurationError
from worlds.dispositions import CAMPAIGN, DELIVERY, NOON, DispositionWorld, message


class LateWrites:
    """CXone, with writes that time out and arrive when the test says so."""

    def __init__(self, world: DispositionWorld) -> None:
        self._port = world.cxone.dispositions
        self.left: list[NewDisposition] = []
        self.losing = False

    def contact(self, campaign_id: str, contact_id: str, *, urgent: bool = False) -> Contact:
        return self._port.contact(campaign_id, contact_id, urgent=urgent)

    def dispose(self, disposition: NewDisposition) -> None:
        if not self.losing:
            self._port.dispose(disposition)
            return
        self.left.append(disposition)
        error = Unavailable("no whole answer")
        error.in_doubt = True
        raise error

    def land(self) -> None:
        while self.left:
            self._port.dispose(self.left.pop(0))


@pytest.fixture
def late(world: DispositionWorld) -> LateWrites:
    """A world whose writes can be lost."""
    late = LateWrites(world)
    world.runtime.put_between("dispositions", lambda _: late)
    return late


def test_a_write_that_lands_late_does_not_stay_on_a_do_not_call(
    world: DispositionWorld, late: LateWrites
) -> None:
    late.losing = True
    assert world.take(world.requested("INTERESTED", -10, id="r1"))
    late.losing = False

    assert world.take(world.requested("DO_NOT_CALL", -5, id="r2")), "the contact is kept for the lost write"
    (fact,) = world.aws.published("consent.changed")
    assert fact["data"]["change"] == "do_not_call", "which holds up nothing of the refusal itself"
    late.land()
    world.clock.advance(seconds=world.settings.in_doubt_seconds)
    assert not world.take(world.requested("DO_NOT_CALL", -5, id="r2"))
    world.take(world.requested("INTERESTED", -10, id="r1"))

    assert world.contact().outcome_code == "DO_NOT_CALL"
    assert world.endings() == {"r1": "applied", "r2": "applied"}


def test_a_lost_write_is_looked_for_after_a_time_and_not_made_again_at_once(
    world: DispositionWorld, late: LateWrites
) -> None:
    late.losing = True
    assert world.take(world.requested("INTERESTED", -10, id="r1"))
    late.losing = False
    assert world.take(world.requested("INTERESTED", -10, id="r1"))
    late.land()
    world.clock.advance(seconds=world.settings.in_doubt_seconds)
    world.take(world.requested("INTERESTED", -10, id="r1"))

    assert world.endings() == {"r1": "applied"}
    assert len(world.contact().writes) == 1


def test_an_early_try_that_may_have_arrived_keeps_the_contact_whatever_the_last_one_came_to(
    world: DispositionWorld,
) -> None:
    path = {"method": "PATCH", "path": "/contacts/"}
    world.tenant.add_fault({"serve_then": "cut"}, **path)
    world.tenant.add_fault({"status": 409}, **path)
    assert world.take(world.requested("INTERESTED", -10, id="r1"))
    assert world.take(world.requested("DO_NOT_CALL", -5, id="r2"))
    assert world.contact().outcome_code == "INTERESTED"
    world.clock.advance(seconds=world.settings.in_doubt_seconds)
    world.take(world.requested("DO_NOT_CALL", -5, id="r2"))

    assert world.contact().outcome_code == "DO_NOT_CALL"


def test_what_the_quota_turned_away_keeps_no_contact(world: DispositionWorld) -> None:
    world.tenant.add_fault(
        {"status": 429, "headers": {"Retry-After": "60"}}, method="PATCH", path="/contacts/"
    )
    assert world.take(world.requested("INTERESTED", -10, id="r1"))
    world.clock.advance(seconds=1)
    assert not world.take(world.requested("DO_NOT_CALL", -5, id="r2"))


def _written_in_cxone(world: DispositionWorld, code: str, minutes: float) -> None:
    """Another application writes a disposition."""
    other = world.beside()
    other.take(other.requested(code, minutes, id="other", correlation_id="other"))
    world.aws.published()


def test_what_is_newer_in_cxone_is_not_overwritten(world: DispositionWorld) -> None:
    _written_in_cxone(world, "NOT_INTERESTED", 0)
    world.take(world.requested("INTERESTED", -10, id="r1"), world.requested("DO_NOT_CALL", -5, id="r2"))

    assert world.endings() == {"r1": "superseded", "r2": "superseded"}
    assert world.about("r1")["message"] == "CXone has a newer disposition of the contact"
    assert world.contact().outcome_code == "NOT_INTERESTED"
    (fact,) = world.aws.published("consent.changed")
    assert fact["data"]["contact_id"] == world.contact_id(), "whom we were told not to call stays so"


def test_what_cxone_dates_in_the_future_holds_up_nothing(world: DispositionWorld) -> None:
    world.clock.advance(minutes=60)
    _written_in_cxone(world, "NOT_INTERESTED", 60)
    world.clock.advance(minutes=-60)
    world.take(world.requested("INTERESTED", -10, id="r1"))

    assert world.endings() == {"r1": "applied"}


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("order", [1, -1])
def test_of_one_moment_what_forbids_stands(
    world: DispositionWorld, first: str, second: str, order: int
) -> None:
    both = [world.requested("DO_NOT_CALL", id=first), world.requested("INTERESTED", id=second)]
    for event in both[::order]:
        world.take(event)

    assert world.contact().outcome_code == "DO_NOT_CALL"
    assert world.endings()[first] == "applied"


@pytest.mark.parametrize(
    ("there", "told", "stands"), [("DO_NOT_CALL", "BUSY", 0), ("BUSY", "DO_NOT_CALL", 1)]
)
def test_of_one_moment_what_forbids_stands_though_another_application_wrote_it(
    world: DispositionWorld, there: str, told: str, stands: int
) -> None:
    _written_in_cxone(world, there, 0)
    world.take(world.requested(told, 0, id="r1"))
    assert world.contact().outcome_code == (there, told)[stands]


def _long_and_short(world: DispositionWorld) -> tuple[str, str]:
    return "003000000000001", "003000000000001AAA"


def test_both_forms_of_a_salesforce_id_are_one_contact(world: DispositionWorld) -> None:
    """CXone knows both here, so that only the ledger can tell."""
    ids_asked_for: list[str] = []

    class Anybody:
        def contact(self, campaign_id: str, contact_id: str, *, urgent: bool = False) -> Contact:
            ids_asked_for.append(contact_id)
            return Contact("READY", "", None, None)

        def dispose(self, disposition: NewDisposition) -> None:
            ids_asked_for.append(disposition.contact_id)

    world.runtime.put_between("dispositions", lambda _: Anybody())
    short, whole = _long_and_short(world)
    world.take(world.requested("DO_NOT_CALL", 0, id="new", contact_id=whole))
    world.take(world.requested("INTERESTED", -5, id="old", contact_id=f" {short} "))

    assert world.endings() == {"new": "applied", "old": "superseded"}
    assert ids_asked_for == [whole, whole], "what CXone is told is what the sender wrote"


@pytest.mark.parametrize("contact_id", [12345, "Kühn-17", "+4930123456", "a/b"])
def test_any_id_of_a_contact_is_looked_for_in_cxone(world: DispositionWorld, contact_id: Any) -> None:
    assert not world.take(world.requested("DO_NOT_CALL", id="r1", contact_id=contact_id))
    assert world.about("r1")["reason"] == "contact_not_found"
    (fact,) = world.aws.published("consent.changed")
    assert fact["data"]["contact_id"] == str(contact_id)


@pytest.mark.parametrize("contact_id", [".", ".."])
def test_an_id_that_no_path_can_hold_is_rejected_and_counts(world: DispositionWorld, contact_id: str) -> None:
    assert not world.take(world.requested("DO_NOT_CALL", id="r1", contact_id=contact_id))
    assert (world.about("r1")["reason"], world.about("r1")["field"]) == ("invalid_request", "contactId")
    assert len(world.aws.published("consent.changed")) == 1


def test_a_request_that_names_another_contact_later_notes_that_one_too(world: DispositionWorld) -> None:
    for name in ("c1", "c2", "c1"):
        world.take(world.requested("DO_NOT_CALL", id="r1", contact=name))
    said = [fact["data"]["contact_id"] for fact in world.aws.published("consent.changed")]
    assert said == [world.contact_id("c1"), world.contact_id("c2")]


@pytest.mark.parametrize("code", ["DoNotCall", "do not call.", "DO\u00a0NOT\u2011CALL", "\uff24\uff2e\uff23"])
@pytest.mark.parametrize(
    "moment", ["10.03.2026 11:59", "2026-03-10T11:59:00", "2031-01-01T00:00:00Z", 7, None]
)
def test_a_code_and_a_time_of_any_spelling_count(world: DispositionWorld, code: str, moment: Any) -> None:
    world.take(world.requested(code, id="r1", occurred_at=moment))
    (fact,) = world.aws.published("consent.changed")
    assert fact["data"]["occurred_at"] == "2026-03-10T12:00:00Z"


def test_a_do_not_call_counts_though_the_settings_are_broken(
    world: DispositionWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(capability: str, model: type[Any], *, else_packaged: bool = False) -> Any:
        if model is DoNotCallCodes:
            return DoNotCallCodes.model_validate({"do_not_call_codes": ["DNC"]})
        raise ConfigurationError("the settings document is not valid")

    monkeypatch.setattr(world.runtime.documents, "get", get)
    assert world.take(world.requested("DNC", id="r1")), "the disposition waits for settings"
    assert len(world.aws.published("consent.changed")) == 1
    assert "r1" not in {name for name, ending in world.endings().items() if ending}


def test_what_was_rejected_may_be_asked_for_again(world: DispositionWorld) -> None:
    world.take(world.requested("BUSY", id="r1", agent_id="nobody"))
    assert world.endings() == {"r1": "rejected"}
    world.take(world.requested("BUSY", id="r1", contact_id="nobody"))
    assert world.about("r1")["reason"] == "contact_not_found"
    world.take(world.requested("BUSY", id="r1"))
    world.take(world.requested("BUSY", id="r1", agent_id="nobody"))

    assert world.endings() == {"r1": "applied"}, "and what was applied stays so"
    facts = world.aws.published()
    assert [fact["event_type"].partition(".")[2] for fact in facts] == ["rejected", "rejected", "applied"]
    assert len({fact["event_id"] for fact in facts}) == 3


def _take(world: DispositionWorld, code: str, **attributes: str) -> None:
    record = {"body": message(world.requested(code, id="r1")), "attributes": attributes}
    deadline = Deadline(world.clock, 110)
    Applier.of(world.runtime, deadline).take(record, deadline)


@pytest.mark.slow
def test_a_do_not_call_is_parked_for_days_where_others_are_rejected(world: DispositionWorld) -> None:
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id(), "CONNECTED")
    looks, ended = 0, ""
    while looks < 500:
        try:
            _take(world, "DO_NOT_CALL", ApproximateReceiveCount=str(looks + 1))
        except TryLater as later:
            world.clock.advance(seconds=later.seconds)
            looks += 1
        except Refused as refused:
            ended = str(refused)
            break

    assert "do-not-call" in ended
    assert world.endings() == {"r1": "waiting"}
    since = world.ledger.get(DELIVERY, "r1")["deferred_since"]
    assert since == "2026-03-10T12:00:00Z"
    assert world.clock.now() - NOON >= timedelta(days=11)
    assert looks < 200, "the queue itself gives a message up after that"
    world.tenant.set_contact_state(CAMPAIGN, world.contact_id(), "READY")
    _take(world, "DO_NOT_CALL")
    assert world.endings() == {"r1": "applied"}, "redriven from the dead-letter queue"


def test_a_do_not_call_that_cxone_cannot_take_is_seen_by_the_alarm(
    world: DispositionWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages: list[float] = []
    monkeypatch.setattr("outbound.dispositions.deferral.measure", lambda metric, value=1: ages.append(value))
    world.tenant.add_fault({"status": 503}, path="/contacts/", method="GET", times=20)
    sent = str(int((world.clock.now() - timedelta(hours=3)).timestamp() * 1000))
    with pytest.raises(TryLater):
        _take(world, "DO_NOT_CALL", SentTimestamp=sent)
    assert ages == [pytest.approx(3 * 3600, abs=120)]
    with pytest.raises(TryLater):
        _take(world, "INTERESTED", SentTimestamp=sent)
    assert len(ages) == 1
