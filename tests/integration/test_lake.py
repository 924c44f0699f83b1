"""The lake as an analyst sees it: the README's query, run by Athena over what the scenario pulled."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from integration.lake import rows_by_day
from local import Stack
from local.deployment import ARTIFACTS
from local.places import ROOT
from local.stack import eventually
from scenario.cast import WRAPPED_UP, Operator

Answer = list[tuple[str, str, int, float]]


@cache
def _readme_query() -> str:
    """Give the query as it is pasted: from yesterday on."""
    (query,) = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(query)


def _since(day: str) -> str:
    changed, days = re.subn(r"current_date - interval '1' day", f"date '{day}'", _readme_query())
    assert days == 1
    return changed


def _run_by_athena(stack: Stack, query: str) -> list[dict[str, str]]:
    athena = stack.client("athena")
    started = athena.start_query_execution(
        QueryString=query,
        QueryExecutionContext={"Database": stack.outputs["Database"]},
        ResultConfiguration={"OutputLocation": f"s3://{ARTIFACTS}/athena/"},
    )["QueryExecutionId"]

    def ended() -> Any:
        status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        return status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") and status

    assert eventually(ended, seconds=30)["State"] == "SUCCEEDED"
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    heading, *values = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]
    return [dict(zip(heading, row, strict=True)) for row in values]


def _counted(rows: list[dict[str, Any]]) -> Answer:
    """Count what the README's query counts."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        groups[row["campaign_id"], row["mapped_category"]].append(row["duration_seconds"])
    return sorted((*key, len(took), sum(took) / len(took)) for key, took in groups.items())


def test_the_readme_s_query_runs_as_it_is_pasted(stack: Stack) -> None:
    rows = _run_by_athena(stack, _readme_query())
    assert all({"campaign_id", "calls"} <= set(row) for row in rows)


def test_the_readme_s_query_counts_what_the_lake_holds(stack: Stack) -> None:
    days = rows_by_day(stack)
    day = max(days, key=lambda day: len(days[day]))
    answer = [
        (row["campaign_id"], row["mapped_category"], int(row["calls"]), float(row["average_seconds"]))
        for row in _run_by_athena(stack, _since(day))
    ]
    wanted = _counted([row for each, rows in days.items() if each >= day for row in rows])
    assert [row[:3] for row in sorted(answer)] == [row[:3] for row in wanted]
    # Rounded to one digit, whichever way a half goes.
    for (*_, found), (*_, average) in zip(sorted(answer), wanted, strict=True):
        assert found == pytest.approx(average, abs=0.0501)
    assert answer == sorted(answer, key=lambda row: (row[0], -row[2]))


def test_archived_attempts_are_a_table_of_what_restoring_gives_back(
    stack: Stack, operator: Operator, tmp_path: Path
) -> None:
    file = tmp_path / "restored.jsonl"
    operator.run("archive", "restore", WRAPPED_UP, "--out", str(file))
    wanted = Counter(json.loads(line)["outcome_code"] for line in file.read_text().splitlines())
    query = (
        f"SELECT outcome_code, count(*) AS attempts FROM archived_attempts WHERE campaign_id = '{WRAPPED_UP}'"
    )
    rows = _run_by_athena(stack, f"{query} GROUP BY outcome_code")
    assert {row["outcome_code"]: int(row["attempts"]) for row in rows} == wanted
    assert wanted.total() > 500


def test_a_row_lies_in_the_partition_of_the_day_on_which_its_call_began(stack: Stack) -> None:
    for day, rows in rows_by_day(stack).items():
        assert {row["start_time"][:10] for row in rows} <= {day}


def test_the_columns_of_the_table_are_those_of_the_rows(stack: Stack) -> None:
    table = stack.client("glue").get_table(DatabaseName=stack.outputs["Database"], Name="outcomes")["Table"]
    columns = {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
    rows = [row for rows in rows_by_day(stack).values() for row in rows]
    assert {frozenset(row) for row in rows} == {frozenset(columns)}
    assert table["StorageDescriptor"]["Location"] == f"s3://{stack.outputs['LakeBucket']}/outcomes/"


def test_the_table_projects_the_partitions_that_the_keys_have(stack: Stack) -> None:
    table = stack.client("glue").get_table(DatabaseName=stack.outputs["Database"], Name="outcomes")["Table"]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["dt"]
    template = table["Parameters"]["storage.location.template"]
    listed = stack.client("s3").list_objects_v2(Bucket=stack.outputs["LakeBucket"], Prefix="outcomes/")
    for entry in listed["Contents"]:
        day = entry["Key"].split("/")[1].removeprefix("dt=")
        folder = template.replace("${dt}", day)
        assert f"s3://{stack.outputs['LakeBucket']}/{entry['Key']}".startswith(f"{folder}/")
