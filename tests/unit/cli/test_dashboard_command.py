"""`outbound dashboard`: where the page is, and its password only where it is asked for."""

from __future__ import annotations

import json

from worlds.aws import AwsWorld
from worlds.command import Command
from worlds.dashboard import PASSWORD, SECRET


def test_it_says_where_the_page_and_its_password_are_and_not_the_password(
    outbound: Command, aws: AwsWorld
) -> None:
    aws.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"token": PASSWORD}))
    said = outbound("dashboard")
    assert "https://api.example.com/v1/dashboard" in said.out
    assert SECRET in said.out
    assert PASSWORD not in said.out
    assert outbound("dashboard", "--json").json == {
        "url": "https://api.example.com/v1/dashboard",
        "secret": SECRET,
        "field": "token",
    }


def test_the_password_is_printed_alone(outbound: Command, aws: AwsWorld) -> None:
    aws.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"token": PASSWORD}))
    assert outbound("dashboard", "--password").out == f"{PASSWORD}\n"
    assert outbound("dashboard", "--password", "--json").json == {"password": PASSWORD}


def test_a_secret_without_a_password_is_said_with_what_to_type(outbound: Command, aws: AwsWorld) -> None:
    aws.secrets.create_secret(Name=SECRET, SecretString="{}")
    said = outbound("dashboard", "--password")
    assert said.code != 0
    assert "put-secret-value" in said.err
