"""docs/data-model.md is in step with the code's keys, the template's permissions and its lifecycle rules."""

from __future__ import annotations

import re
from typing import Any

import pytest

from outbound.archive.cold_storage import RETENTION_CLASSES
from template.transformed import ROOT, Template, as_list, values_of

PACKAGE = ROOT / "layers" / "outbound" / "python" / "outbound"
TEXT = (ROOT / "docs" / "data-model.md").read_text()
CODE = "\n".join(path.read_text() for path in sorted(PACKAGE.rglob("*.py")))
BUCKETS = ("LakeBucket", "ArchiveBucket", "AuditBucket")


def _section(title: str) -> str:
    return TEXT.split(f"\n{title}\n", 1)[1].split("\n#", 1)[0]


def _rows(title: str) -> list[list[str]]:
    """Return the cells of each row of a section's tables, without the heads."""
    rows = [
        line.strip("| \n").split(" | ") for line in _section(title).splitlines() if line.startswith("| `")
    ]
    assert rows
    return rows


def _first_cells(title: str) -> list[str]:
    return [row[0].strip("`") for row in _rows(title)]


def _allowed_prefixes(template: Template, bucket: str) -> set[str]:
    """Return the prefixes of a bucket that any function may read or write."""
    statements = (one for role in template.of_type("AWS::IAM::Role") for one in template.statements(role))
    resources = [resource for one in statements for resource in as_list(one["Resource"])]
    texts = [resource.get("Fn::Sub", "") for resource in resources if isinstance(resource, dict)]
    start = f"${{{bucket}.Arn}}/"
    return {text.removeprefix(start).removesuffix("*") for text in texts if text.startswith(start)}


def test_every_kind_of_item_is_described_and_no_other() -> None:
    kinds = set(re.findall(r"\{(?:self\._)?tenant\}#([a-z-]+)", CODE))
    described = [
        cell.removeprefix("T#").split("#")[0]
        for title in ("### `StateTable`", "### `ConsentTable`", "### `TokenTable`")
        for cell in _first_cells(title)
    ]
    assert set(described) == kinds


def test_every_kind_of_the_due_index_is_described_and_no_other() -> None:
    kinds = re.findall(r'^DUE_\w+ = "(\w+)"$', CODE, flags=re.MULTILINE)
    assert sorted(_first_cells("### The due index")) == sorted(kinds)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_prefix_that_a_function_may_use_is_described_and_no_other(
    template: Template, bucket: str
) -> None:
    assert set(_first_cells(f"### `{bucket}`")) == _allowed_prefixes(template, bucket)


def test_every_bucket_and_every_table_is_described(template: Template) -> None:
    described = set(re.findall(r"^### `(\w+)`$", TEXT, flags=re.MULTILINE))
    kept = {*template.of_type("AWS::S3::Bucket"), *template.of_type("AWS::DynamoDB::Table")}
    assert described == kept


def _days(value: Any) -> str:
    return f"`{value['Ref']}`" if isinstance(value, dict) else f"{value} days"


def test_the_lake_keeps_each_prefix_as_long_as_is_described(template: Template) -> None:
    rules = template.of_type("AWS::S3::Bucket")["LakeBucket"]["LifecycleConfiguration"]["Rules"]
    days = {rule.get("Prefix", ""): _days(rule["ExpirationInDays"]) for rule in rules}
    described = {row[0].strip("`"): row[-1] for row in _rows("### `LakeBucket`")}
    for prefix, kept in described.items():
        rule = max((start for start in days if prefix.startswith(start)), key=len)
        assert kept == days[rule], prefix
    assert [start for start in days if not any(prefix.startswith(start) for prefix in described)] == []


def test_the_archive_keeps_its_objects_as_long_as_is_described() -> None:
    listed = re.search(r"`retention-days` says: ([\d, or]+) days", _section("### `ArchiveBucket`"))
    assert listed
    assert [int(days) for days in re.findall(r"\d+", listed[1])] == list(RETENTION_CLASSES)


def test_nothing_of_the_audit_bucket_expires(template: Template) -> None:
    assert "LifecycleConfiguration" not in template.of_type("AWS::S3::Bucket")["AuditBucket"]


def test_every_table_has_the_index_that_is_described(template: Template) -> None:
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        indexes = list(values_of(table, "IndexName"))
        assert indexes == ([] if name == "TokenTable" else ["due"]), name
