"""`outbound campaigns provision`, `show`, and what `register` says of calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from outbound.cli.stack import Stack, StackNotFound
from sandbox.running import Tenant, running_tenant
from worlds.aws import AwsWorld, FakeClock, sqs_event
from worlds.command import Command, Said
from worlds.provisioning import BACKUP, QUEUE, ProvisioningWorld, plan

Provision = Callable[..., Said]


@pytest.fixture(scope="module")
def tenant_process() -> Iterator[Tenant]:
    campaign: dict[str, Any] = {"id": BACKUP, "name": "Backup", "calls": 0, "from": "-1d", "to": "now"}
    with running_tenant({"quotas": {"campaigns": None, "archive": None}, "campaigns": [campaign]}) as tenant:
        yield tenant


@pytest.fixture
def world(
    aws: AwsWorld, clock: FakeClock, tenant_process: Tenant, monkeypatch: pytest.MonkeyPatch
) -> ProvisioningWorld:
    """A stack with a tenant; the command sees the same lists as the function."""
    world = ProvisioningWorld(aws, clock, tenant_process)
    monkeypatch.setattr(Stack, "cxone", property(lambda _: world.runtime.cxone))
    return world


@pytest.fixture
def provision(outbound: Command, tmp_path: Path) -> Provision:
    """Provision the usual plan, changed where a test says so."""

    def run(*arguments: str, **changed: Any) -> Said:
        file = tmp_path / "plan.json"
        file.write_text(json.dumps(plan(**changed)))
        return outbound("campaigns", "provision", str(file), *arguments)

    return run


def let_it_work(world: ProvisioningWorld) -> None:
    """Let the function take what the command asked for."""
    for event in world.aws.published("campaign.provision.requested"):
        body = json.dumps({"detail-type": event["event_type"], "detail": event})
        world.handle(sqs_event(QUEUE, body))


def test_a_campaign_is_provisioned_and_shown_on_its_way(
    world: ProvisioningWorld, provision: Provision, outbound: Command
) -> None:
    asked = provision("--json").json
    assert (asked["accepted"], asked["complaints"], asked["not_checked"]) == (True, [], [])
    let_it_work(world)

    campaign_id = world.tenant.created_campaigns()[0]["id"]
    for name in (campaign_id, asked["key"], "Spring renewals"):
        shown = outbound("--json", "campaigns", "show", name).json
        assert shown["campaign_id"] == campaign_id
        assert shown["calling"]["seller"] == "Acme"
        assert shown["provisioning"]["state"] == "registered"
        assert shown["provisioning"]["request_id"] == asked["request_id"]
        assert shown["cxone"]["status"] == "paused"
    (listed,) = outbound("--json", "campaigns", "list").json
    assert (listed["campaign_id"], listed["purpose"]) == (campaign_id, "telemarketing")
    assert "status: paused" in outbound("campaigns", "show", campaign_id).out


def test_what_is_provisioned_already_is_not_asked_for_again(
    world: ProvisioningWorld, provision: Provision
) -> None:
    provision()
    let_it_work(world)
    again = provision()
    assert (again.code, "is provisioned already" in again.out) == (0, True)
    assert world.aws.published("campaign.provision.requested") == []


def test_a_plan_that_breaks_rules_is_refused_with_all_of_them(
    world: ProvisioningWorld, provision: Provision
) -> None:
    broken = {
        "time_zone": "America/New_Yrok",
        "contact_list_id": "empty",
        "backup_campaign_id": "nobody",
        "predictive": plan()["predictive"] | {"abandonment_threshold": 0.05},
    }
    refused = provision(**broken)
    assert refused.code == 2
    head, *lines = refused.out.splitlines()
    assert head.endswith("is refused for 4 reasons:")
    assert [line.split(":")[0].strip() for line in lines] == [
        "unknown_zone",
        "abandonment_limit",
        "backup_missing",
        "list_empty",
    ]
    assert "(47 CFR 64.1200(a)(7), 16 CFR 310.4(b)(4)(i))" in refused.out
    as_json = provision("--json", **broken)
    assert as_json.code == 2
    report = json.loads(as_json.out)
    assert report["accepted"] is False
    assert {each["rule"] for each in report["complaints"]} == {
        *("unknown_zone", "abandonment_limit", "backup_missing", "list_empty")
    }
    assert {*report["complaints"][0]} == {"field", "rule", "message", "citation"}
    assert world.aws.published() == []


def test_a_name_that_is_taken_is_refused_before_it_is_asked_for(
    world: ProvisioningWorld, provision: Provision
) -> None:
    provision()
    let_it_work(world)
    refused = provision(subject="upgrades")
    assert refused.code == 2
    assert "name_taken: subject: differs from that of the campaign" in refused.out


@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_a_name_that_cxone_has_already_is_refused_before_it_is_asked_for(
    world: ProvisioningWorld, provision: Provision, dry: list[str]
) -> None:
    refused = provision(*dry, name="Backup", backup_campaign_id=None, failover=None)
    assert refused.code == 2
    assert f"name_taken: name: CXone has a campaign of that name, {BACKUP}" in refused.out
    assert world.aws.published() == []


def test_what_is_not_known_is_not_to_be_registered_by_its_name(
    world: ProvisioningWorld, outbound: Command
) -> None:
    for wanted, typed in (("Night calls", "ID"), ("night-calls", "night-calls")):
        said = outbound("campaigns", "show", wanted)
        assert said.code == 2
        assert said.err.rstrip().endswith(f"outbound campaigns register {typed}")


def test_a_dry_run_asks_for_nothing(world: ProvisioningWorld, provision: Provision) -> None:
    said = provision("--dry-run", predictive=plan()["predictive"] | {"abandonment_threshold": 0.03})
    assert said.code == 0
    assert "may be provisioned" in said.out
    assert "warning: predictive.abandonment_threshold" in said.out
    assert world.aws.published() == []


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (StackNotFound("there is no stack"), "there is no stack"),
        (NoCredentialsError(), "no AWS credentials are configured"),
    ],
)
def test_a_dry_run_works_without_a_stack_and_says_what_it_could_not_see(
    provision: Provision, monkeypatch: pytest.MonkeyPatch, why: Exception, words: str
) -> None:
    def none(_: str) -> Stack:
        raise why

    monkeypatch.setattr(Stack, "named", none)
    said = provision("--dry-run", "--json").json
    assert said["accepted"] is True
    (not_checked,) = said["not_checked"]
    assert not_checked.startswith(f"settings, list, backup and name: {words}")
    refused = provision("--dry-run", time_zone="Nowhere")
    assert (refused.code, "unknown_zone" in refused.out) == (2, True)
    assert provision().code in (1, 2), "without a dry run it is an error"


def test_what_cxone_does_not_say_is_not_checked(world: ProvisioningWorld, provision: Provision) -> None:
    refusal = {"status": 403, "json": {"message": "no"}}
    world.tenant.add_fault(refusal, method="GET", path="/omnichannel/campaigns/backup", times=None)
    said = provision("--dry-run")
    world.tenant.clear_faults()
    assert said.code == 0
    assert "not checked: list, backup and name, by CXone" in said.out


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not valid JSON at line 1"),
        ("[]", "must be a JSON object"),
        ('{"a": ' * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_not_a_plan_is_named(
    outbound: Command, tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    refused = outbound("campaigns", "provision", str(file))
    assert refused.code == 2
    assert complaint in refused.err
    missing = outbound("campaigns", "provision", str(tmp_path / "none.json"))
    assert "No such file" in missing.err


def test_a_campaign_that_nobody_knows_is_named(world: ProvisioningWorld, outbound: Command) -> None:
    refused = outbound("campaigns", "show", "autumn")
    assert refused.code == 2
    assert "autumn is neither registered nor provisioned" in refused.err


def test_a_campaign_is_shown_while_cxone_is_out_of_reach(world: ProvisioningWorld, outbound: Command) -> None:
    outbound("campaigns", "register", "spring")
    shown = outbound("--json", "campaigns", "show", "spring").json
    assert shown["cxone"]["status"] is None
    assert "404" in shown["cxone"]["why"]
    assert shown["provisioning"] is None


def test_what_is_said_of_calls_is_registered_and_the_rest_kept(outbound: Command) -> None:
    said = ("--purpose", "informational", "--seller", "Acme", "--subject", "surveys", "--list", "list-1")
    assert outbound("campaigns", "register", "spring", *said, "--max-per-day", "2").code == 0
    assert (
        outbound(
            "campaigns", "register", "spring", "--hours", "fri-mon 9:00-20:00", "--max-per-week", "5"
        ).code
        == 0
    )
    calling = outbound("--json", "campaigns", "show", "spring").json["calling"]
    assert calling == {
        "purpose": "informational",
        "seller": "Acme",
        "subject": "surveys",
        "hours": {"days": ["mon", "fri", "sat", "sun"], "start": "9:00", "end": "20:00"},
        "caps": {"per_day": 2, "per_week": 5},
        "contact_list_id": "list-1",
        "backup_campaign_id": "",
        "time_zone": "",
    }
    outbound("campaigns", "register", "spring", "--hours", "", "--max-per-day", "0")
    calling = outbound("--json", "campaigns", "show", "spring").json["calling"]
    assert ("hours" in calling, calling["caps"]) == (False, {"per_week": 5})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hours", "always"], "--hours: 'always' is not read; write days and hours like \"mon-fri"),
        (["--hours", "moon 9:00-20:00"], "--hours: 'moon' is not a day"),
        (["--hours", "mon 20:00-9:00"], "calling.hours: 9:00 is not after 20:00"),
        (["--max-per-day", "3", "--max-per-week", "2"], "calling.caps: per_week: is below per_day"),
        (["--backup", "spring"], "--backup: is the campaign itself"),
        (["--backup", "a b"], "calling.backup_campaign_id: must be empty, or 1 to 64 letters"),
    ],
)
def test_what_is_wrong_about_calls_is_said(outbound: Command, arguments: list[str], said: str) -> None:
    refused = outbound("campaigns", "register", "spring", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


def test_a_backup_that_leads_in_a_circle_is_refused(outbound: Command) -> None:
    assert outbound("campaigns", "register", "autumn", "--backup", "winter").code == 0
    assert outbound("campaigns", "register", "winter", "--backup", "spring").code == 0
    refused = outbound("campaigns", "register", "spring", "--backup", "autumn")
    assert refused.code == 2
    assert "spring -> autumn -> winter -> spring; nothing would take over" in refused.err
