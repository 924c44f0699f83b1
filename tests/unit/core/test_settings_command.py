"""`outbound config put` reads the files that editors write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outbound.cli.__main__ import parser
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from worlds.aws import AwsWorld, FakeClock

DOCUMENT = {"destinations": {"crm": {"url": "https://crm.example.com/hooks/café"}}}
ASCII = {"destinations": {"crm": {"url": "https://crm.example.com/hooks"}}}


def put(file: Path) -> None:
    chosen = parser().parse_args(["config", "put", "deliveries", str(file)])
    chosen.run(Stack("outbound", {}, FakeClock()), chosen, Output(as_json=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_may_begin_with_a_byte_order_mark(aws: AwsWorld, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "deliveries.json"
    file.write_bytes(json.dumps(ASCII).encode(encoding))

    put(file)

    stored = aws.ssm.get_parameter(Name="/outbound/config/deliveries")["Parameter"]["Value"]
    assert json.loads(stored) == ASCII


def test_a_document_in_another_encoding_is_refused_with_what_to_do(aws: AwsWorld, tmp_path: Path) -> None:
    file = tmp_path / "deliveries.json"
    file.write_bytes(json.dumps(DOCUMENT, ensure_ascii=False).encode("latin-1"))

    with pytest.raises(ValueError, match=r"deliveries.json: byte \d+ is not utf-8; save it as UTF-8"):
        put(file)
