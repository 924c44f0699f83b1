"""The README and what it leaves to docs/: in step with the template, what `make up` has, and the schemes."""

from __future__ import annotations

import csv
import json
import re
from datetime import date

import pytest

from local.playground import CAMPAIGN, PLAN, world_of
from outbound.calling.settings import ComplianceSettings
from outbound.campaigns.checks import check
from outbound.cli.settings_reference import MODELS
from outbound.compliance.rules import packaged_rules
from outbound.webhooks.signatures.schemes import SCHEME_NAMES
from sandbox.world import World, agents_of, contacts_of
from scenario.steps import default_agent
from template.transformed import ROOT, Template

TEXT = (ROOT / "README.md").read_text()
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text()
SENDERS = (ROOT / "docs" / "senders.md").read_text()


def _rows() -> list[tuple[list[str], list[str]]]:
    """Return the names and the defaults of each row."""
    section = DEPLOYMENT.split("## Parameters of the stack", 1)[1].split("\n#", 1)[0]
    cells = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return [(re.findall(r"`(\w+)`", names), defaults.strip().split(", ")) for names, defaults in cells]


def test_every_parameter_has_its_line_and_every_line_its_parameter(template: Template) -> None:
    assert sorted(name for names, _ in _rows() for name in names) == sorted(template.parameters)


@pytest.mark.parametrize(("names", "defaults"), _rows())
def test_every_line_says_what_the_template_takes_by_default(
    template: Template, names: list[str], defaults: list[str]
) -> None:
    if defaults == ["empty"]:
        defaults *= len(names)
    said = ["" if default == "empty" else default.strip("`") for default in defaults]
    assert said == [str(template.parameters[name]["Default"]) for name in names]


def _fenced(language: str, first: str) -> list[str]:
    """Return the lines of the code block in a language that begins with a line."""
    blocks = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(first)]
    return [line.partition("  #")[0].strip() for line in block.splitlines()]


def test_what_make_up_prints_stands_in_the_readme() -> None:
    source = (ROOT / "tests" / "local" / "__main__.py").read_text()
    (printed,) = re.findall(r'_NEXT = f"""(.*?)"""', source, re.DOTALL)
    lines = [line.strip() for line in printed.splitlines() if line.startswith("  ")]
    known = {"{_HERE}": ".local/up", "{CAMPAIGN}": CAMPAIGN}
    for name, value in known.items():
        lines = [line.replace(name, value) for line in lines]
    assert _fenced("sh", "source .local/up/activate") == lines


def test_the_readme_s_dispositions_are_of_contacts_that_make_up_has() -> None:
    world = world_of()
    rows = list(csv.DictReader(_fenced("csv", "campaign_id,")))
    assert len(rows) > 1
    assert {row["campaign_id"] for row in rows} == {CAMPAIGN}
    assert {row["contact_id"] for row in rows} <= set(contacts_of(world, CAMPAIGN))
    assert {row["agent_id"] for row in rows} <= set(agents_of(world, CAMPAIGN))


def test_the_readme_s_campaign_is_the_one_that_make_up_has_in_a_file() -> None:
    (block,) = [
        block for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) if '"predictive": {' in block
    ]
    assert json.loads(block) == PLAN
    assert check(PLAN, packaged_rules(), date(2026, 3, 10)).complaints == ()


def test_the_readme_s_campaign_may_be_provisioned_where_make_up_runs() -> None:
    world = world_of()
    (listed,) = world.contact_lists
    assert (listed.id, listed.campaign_id) == (PLAN["contact_list_id"], CAMPAIGN)
    names = {campaign.id: campaign.name for campaign in world.campaigns}
    assert PLAN["backup_campaign_id"] in names
    assert PLAN["name"] not in names.values(), "CXone would have a campaign of that name"


def test_contacts_can_be_suppressed_where_make_up_runs() -> None:
    world = world_of()
    assert default_agent(world)["default_agent_id"] in agents_of(world, CAMPAIGN)
    assert default_agent(World()) == {}


def test_the_readme_s_changes_of_rules_are_taken() -> None:
    blocks = [
        block for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) if '"rule_changes"' in block
    ]
    (document,) = map(json.loads, blocks)
    rules = ComplianceSettings.model_validate(document).rules
    assert rules.version != packaged_rules().version
    without_reason = [{**change, "reason": ""} for change in document["rule_changes"]]
    with pytest.raises(ValueError, match="reason"):
        ComplianceSettings.model_validate({**document, "rule_changes": without_reason})


def test_every_capability_with_settings_has_its_line() -> None:
    section = TEXT.split("| CAPABILITY | holds |", 1)[1].split("\n\n", 1)[0]
    assert sorted(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == sorted(MODELS)


def test_every_link_within_the_readme_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    known = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = re.findall(r"\]\(#([^)]+)\)", TEXT)
    assert len(linked) > 10
    assert set(linked) <= known


def test_every_scheme_of_signatures_is_named() -> None:
    section = TEXT.split("## Receive webhooks", 1)[1].split("\n## ", 1)[0] + SENDERS
    named = set(re.findall(r"[`\"](\w+)[`\"]", section))
    assert sorted(set(SCHEME_NAMES) - named) == []


def test_a_section_of_the_changelog_has_each_heading_once() -> None:
    for section in (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1:]:
        headings = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert len(headings) == len(set(headings)), section.splitlines()[0]
