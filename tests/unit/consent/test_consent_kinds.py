"""How consent was given, to whom and for what: kept with the grant, and checked to the letter."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.calling.consent_view import view_of
from outbound.calling.settings import ComplianceSettings
from outbound.compliance.consent import refusals_of
from outbound.compliance.contact import Campaign, Kind, Policy, Purpose
from outbound.consent.settings import RevocationScope
from outbound.do_not_call import CATEGORIES
from outbound.store import consent_slots
from outbound.store.consent_slots import MOST_GRANTS, consent_after, stored_change
from outbound.store.consent_state import (
    Change,
    Consent,
    GrantKind,
    Register,
    RegisterState,
    Terms,
    Value,
)
from worlds.consent import NOON, ConsentWorld, changed

_WRITTEN = {"kind": "written", "seller": "Acme", "number": "+1 (555) 010-0123", "evidence": "form 17"}


def test_the_words_of_the_ledger_are_those_of_the_rules() -> None:
    assert set(CATEGORIES) == {purpose.value for purpose in Purpose}
    assert [kind.value for kind in GrantKind] == [kind.value for kind in Kind]
    scope = ComplianceSettings.model_fields["revocation_scope"]
    assert RevocationScope.model_validate({}).name == scope.default == "everything"
    assert RevocationScope.model_validate({"revocation_scope": "category", "holds": 5}).name == "category"
    with pytest.raises(ValueError, match="revocation_scope"):
        RevocationScope.model_validate({"revocation_scope": "campaign"})


def _refusals(world: ConsentWorld, purpose: Purpose = Purpose.TELEMARKETING, seller: str = "") -> list[str]:
    campaign = Campaign(purpose, seller)
    view = view_of(world.consents.get("c1"), campaign)
    return [name for name, *_ in refusals_of(view, campaign, Policy(), world.clock.now())]


def test_a_grant_is_kept_with_what_proves_it(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, expires_at="2026-04-01T00:00:00Z", **_WRITTEN))

    grant = view_of(world.consents.get("c1")).grant
    assert grant is not None
    assert (grant.kind, grant.seller, grant.evidence) == (Kind.WRITTEN, "Acme", "form 17")
    assert (grant.granted_at, grant.expires_at.isoformat()) == (  # type: ignore[union-attr]
        NOON - timedelta(minutes=60),
        "2026-04-01T00:00:00+00:00",
    )
    [told] = world.consents.history("c1")
    assert told.change.terms == Terms(GrantKind.WRITTEN, "Acme", "0123", "form 17")
    [fact] = world.aws.published("consent.recorded")
    assert (fact["data"]["kind"], fact["data"]["seller"]) == ("written", "Acme")
    assert not {"number", "evidence"} & fact["data"].keys()
    stored = str(world.aws.dynamodb.scan(TableName=world.table.name)["Items"])
    assert "0123" in stored
    assert "555" not in stored, "of a number its end is kept"


def test_a_flag_is_bare(world: ConsentWorld) -> None:
    world.take(changed("granted", -60))

    assert _refusals(world) == ["consent_kind_insufficient"]
    assert _refusals(world, Purpose.INFORMATIONAL) == ["consent_kind_insufficient"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "verbal"),
        ("kind", "WRITTEN"),
        ("kind", 1),
        ("kind", ""),
        ("seller", ""),
        ("seller", "  "),
        ("seller", "s" * 129),
        ("seller", 17),
        ("seller", "Acme\nBolt"),
        ("number", "yes"),
        ("number", "555"),
        ("number", {"mobile": "+15550100123"}),
        ("evidence", "e" * 201),
        ("evidence", ["form 17"]),
        ("scope", "sales"),
        ("scope", ["telemarketing"]),
        ("expires_at", "next year"),
    ],
)
def test_a_grant_with_a_wrong_field_is_refused_with_its_name(
    world: ConsentWorld, field: str, value: Any
) -> None:
    world.take(changed("granted", -60, **{**_WRITTEN, field: value}))

    [fact] = world.aws.published()
    assert (fact["event_type"], fact["data"]["field"]) == ("consent.rejected", field)
    assert str(value) not in fact["data"]["reason"] or not str(value)
    assert world.consents.get("c1").refusal == "no_consent"


@pytest.mark.parametrize("change", ["revoked", "do_not_call", "deleted"])
def test_what_forbids_is_taken_whatever_its_kind_seller_and_scope_are(
    world: ConsentWorld, change: str
) -> None:
    world.take(changed("granted", -60, **_WRITTEN))
    world.take(changed(change, -30, kind="?", seller=5, number="?", evidence=[], scope={"a": 1}))

    for purpose in Purpose:
        refused = {"deleted": "contact_deleted", "revoked": "consent_revoked"}.get(change, change)
        assert refused in _refusals(world, purpose)


def test_a_flag_does_not_take_the_place_of_written_consent(world: ConsentWorld) -> None:
    world.take(changed("granted", -60))
    world.take(changed("granted", -90, **_WRITTEN), changed("granted", -30))

    assert _refusals(world, seller="ACME") == []
    assert _refusals(world, seller="Bolt") == ["consent_kind_insufficient"], "the flag names no seller"
    assert [fact["data"]["kind"] for fact in world.aws.published()] == ["bare", "written", "bare"]
    world.take(changed("revoked", -20), changed("granted", -10))
    assert _refusals(world) == ["consent_kind_insufficient"]


def test_a_revocation_that_comes_late_ends_the_grants_before_it_and_says_so(world: ConsentWorld) -> None:
    world.take(changed("granted", -90, **_WRITTEN), changed("granted", -30))
    world.aws.published()

    world.take(changed("revoked", -60))
    assert _refusals(world) == ["consent_kind_insufficient"]
    assert [fact["data"]["value"] for fact in world.aws.published()] == ["revoked"]
    world.take(changed("revoked", -50))
    assert world.aws.published() == [], "nothing more ends by it"


def test_a_revocation_ends_everything_whatever_category_it_names(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, kind="written"))
    world.take(changed("revoked", -30, scope="Debt-Collection"))

    assert world.consents.get("c1").refusal == "consent_revoked"
    assert all(_refusals(world, purpose) == ["consent_revoked"] for purpose in Purpose)
    world.take(changed("granted", -10, kind="written", scope="informational"))
    assert _refusals(world, Purpose.INFORMATIONAL) == []
    assert _refusals(world, Purpose.TELEMARKETING) == ["consent_revoked"]
    assert _refusals(world, Purpose.DEBT_COLLECTION) == ["consent_revoked"]
    world.take(changed("granted", -5, kind="written"))
    assert all(_refusals(world, purpose) == [] for purpose in Purpose)


def test_by_setting_a_revocation_ends_the_category_that_it_names(world: ConsentWorld) -> None:
    world.configure(revocation_scope="category")
    world.take(changed("granted", -60, kind="written"))
    world.take(changed("revoked", -30, scope="telemarketing"))

    assert _refusals(world) == ["consent_revoked"]
    assert _refusals(world, Purpose.INFORMATIONAL) == _refusals(world, Purpose.DEBT_COLLECTION) == []
    world.take(changed("granted", -20, kind="written", scope="informational"))
    assert _refusals(world) == ["consent_revoked"], "another category's grant does not lift it"
    facts = [(fact["data"]["value"], fact["data"].get("scope")) for fact in world.aws.published()]
    assert facts == [("granted", None), ("revoked", "telemarketing"), ("granted", "informational")]
    world.take(changed("revoked", -10))
    assert all(_refusals(world, purpose) == ["consent_revoked"] for purpose in Purpose)


@pytest.mark.parametrize("document", ["{", '{"revocation_scope": "campaign"}'])
def test_a_setting_that_cannot_be_read_ends_everything(world: ConsentWorld, document: str) -> None:
    world.aws.ssm.put_parameter(Name="/outbound/config/compliance", Value=document, Type="String")
    world.take(changed("granted", -60, kind="written"), changed("revoked", -30, scope="telemarketing"))

    assert world.consents.get("c1").refusal == "consent_revoked"


def test_what_a_merged_contact_revoked_of_one_category_its_survivor_revokes(world: ConsentWorld) -> None:
    world.configure(revocation_scope="category")
    events = [
        changed("granted", -60, kind="written", contact_id="c1"),
        changed("revoked", -50, scope="telemarketing", contact_id="l"),
        changed("merged", -40, contact_id="c1", merged_contact_id="l"),
    ]
    world.take(*events)

    assert _refusals(world) == ["consent_revoked"]
    assert _refusals(world, Purpose.INFORMATIONAL) == []
    facts = {(f["data"]["contact_id"], f["data"]["value"], f["data"].get("scope")) for f in _facts(world)}
    assert ("c1", "revoked", "telemarketing") in facts


def _facts(world: ConsentWorld) -> list[dict[str, Any]]:
    return world.aws.published("consent.recorded")


def test_an_expired_grant_says_so_to_the_rules(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, kind="written", expires_at="2026-03-10T13:00:00Z"))
    world.clock.advance(hours=1)
    assert _refusals(world) == ["consent_expired"]
    before = view_of(world.consents.get("c1"), Campaign(), NOON)
    assert not list(refusals_of(before, Campaign(), Policy(), NOON)), "judged as of then it held"
    world.take(changed("granted", -90, kind="written"))
    assert _refusals(world) == ["consent_expired"], "the newer of the two was given until a time"
    world.take(changed("granted", -90, kind="written", seller="Acme"))
    assert _refusals(world) == [], "another seller's has no end"


def test_a_register_of_before_that_kinds_were_kept_is_bare_and_remembers_its_history(
    world: ConsentWorld,
) -> None:
    for minutes, change in ((-90, "revoked"), (-30, "granted")):
        world.take(changed(change, minutes))
    _make_old(world)
    assert _refusals(world) == ["consent_kind_insufficient"]

    world.take(changed("granted", -100, **_WRITTEN))
    assert _refusals(world) == ["consent_kind_insufficient"], "it was revoked in between"
    world.take(changed("granted", -60, **_WRITTEN))
    assert _refusals(world) == []


def test_what_held_at_a_moment_is_shown_by_all_that_is_known_now(world: ConsentWorld) -> None:
    world.take(changed("granted", -60, **_WRITTEN), changed("granted", -30), changed("revoked", -10))
    merge = changed("merged", -20, "m", merged_contact_id="l")
    world.take(changed("do_not_call", -40, contact_id="l"), merge)

    def then(minutes: float) -> tuple[str, int]:
        consent = world.consents.as_it_was("c1", NOON + timedelta(minutes=minutes))
        return consent.refusal, len(consent.grants_for(""))

    assert then(-61) == ("no_consent", 0)
    assert then(-45) == ("", 1)
    assert then(-25) == ("", 2)
    assert then(-15) == ("do_not_call", 2), "what the merged contact refused"
    assert then(0) == ("do_not_call", 0)
    now = world.consents.get("c1")
    assert (now.changed_since(NOON), now.changed_since(NOON - timedelta(minutes=11))) == (False, True)


def test_a_consent_of_registers_alone_says_what_they_say() -> None:
    state = RegisterState(Value.GRANTED, "crm", NOON, "r")
    assert Consent("c1", {Register.CALL: state}).callable
    revoked = RegisterState(Value.REVOKED, "crm", NOON, "s")
    assert Consent("c1", {Register.CALL: revoked}).refusal == "consent_revoked"


def _make_old(world: ConsentWorld) -> None:
    """Leave of the contact's state what there was before: registers without kinds."""
    key = world.consents.state_key("c1")
    item = world.table.get(key)
    register = {name: value for name, value in item["call_consent"].items() if name != "kind"}
    world.aws.delete(key, "CONSENT_TABLE")
    world.table.put(key, {"call_consent": register})


_CHANGES = st.builds(
    Change,
    st.just("c1"),
    st.just(Register.CALL),
    st.sampled_from([Value.GRANTED, Value.REVOKED]),
    st.just("hubspot"),
    st.integers(0, 4).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    st.text("ab", min_size=1, max_size=2),
    scope=st.sampled_from(["", *CATEGORIES]),
    for_everything=st.booleans(),
    terms=st.builds(Terms, st.sampled_from(GrantKind), st.sampled_from(["", "Acme", "Bolt"])),
)


def _one_each(changes: list[Change]) -> list[Change]:
    """Leave changes whose ids differ where they say something different, as those of senders do."""
    return list({change.rank: change for change in changes}.values())


@given(st.lists(_CHANGES, max_size=6).map(_one_each))
def test_whatever_the_order_of_arrival_the_ledger_says_the_same(changes: list[Change]) -> None:
    orders = list(permutations(changes)) if len(changes) < 5 else [changes, changes[::-1]]

    assert all(consent_after("c1", order) == consent_after("c1", changes) for order in orders)


@given(st.lists(_CHANGES, max_size=8).map(_one_each), st.sampled_from(["", *CATEGORIES]))
def test_a_category_may_be_called_for_by_a_grant_that_nothing_revoked_since(
    changes: list[Change], category: str
) -> None:
    def counts(change: Change) -> bool:
        whole = change.for_everything and change.value is Value.REVOKED
        return change.scope in ("", category) or whole

    changes = [c if c.value is Value.REVOKED else _granted(c) for c in changes]
    grants = [c for c in changes if c.value is Value.GRANTED and c.scope in ("", category)]
    revoked = [c for c in changes if c.value is Value.REVOKED and counts(c)]
    standing = [g for g in grants if all(r.rank < g.rank for r in revoked)]

    consent = consent_after("c1", changes)
    assert (consent.refusal_for(category) == "") == bool(standing)
    kinds = {(grant.terms.kind, grant.terms.seller) for grant in consent.grants_for(category)}
    assert kinds == {(grant.terms.kind, grant.terms.seller) for grant in standing}


def _granted(change: Change) -> Change:
    """A grant never counts for more than it names."""
    return Change(
        change.contact_id,
        change.register,
        change.value,
        change.source,
        change.occurred_at,
        change.event_id,
        scope=change.scope,
        terms=change.terms,
    )


def test_a_slot_of_a_revocation_holds_nothing_of_a_grant() -> None:
    change = Change("c1", Register.CALL, Value.REVOKED, "s", NOON, "e", terms=Terms(GrantKind.WRITTEN, "A"))
    assert "kind" not in stored_change(change)


def _long(number: int) -> dict[str, Any]:
    """A grant that is as long as one can be."""
    seller = f"{number:03}" + "\N{FLEXED BICEPS}" * 125
    return _WRITTEN | {"seller": seller, "evidence": "\N{FLEXED BICEPS}" * 200}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("most", [12, pytest.param(MOST_GRANTS, marks=pytest.mark.load)])
def test_a_refusal_fits_whatever_was_granted_before(
    world: ConsentWorld, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Consent to a list of partners has hundreds of sellers; an item of DynamoDB has 400 KB."""
    monkeypatch.setattr(consent_slots, "MOST_GRANTS", most)
    for number in range(most + 5):
        world.take(changed("granted", number - 900, "c1", **_long(number)))
    rejected = [fact["data"]["field"] for fact in world.aws.published("consent.rejected")]
    assert rejected == ["seller"] * 5
    item = world.table.get(world.consents.state_key("c1"))
    assert item is not None
    assert len(str(item).encode()) / most * MOST_GRANTS < 350_000
    assert len(world.consents.get("c1").grants) == most
    later = world.consents.as_it_was("c1", world.clock.now())
    assert {each.rank for each in later.grants} == {each.rank for each in world.consents.get("c1").grants}

    assert world.take(changed("revoked", -500, "c1")) == {"batchItemFailures": []}
    assert world.consents.get("c1").refusal == "consent_revoked"
    # What was revoked makes room.
    world.take(changed("granted", -400, "c1", **_WRITTEN))
    assert [each.terms.seller for each in world.consents.get("c1").grants] == ["Acme"]
    assert _refusals(world, seller="Acme") == []
