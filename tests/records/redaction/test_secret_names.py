"""The name of a variable says whether its value may stand in a log or a record."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentrun.providers import catalogue
from agentrun.records.redaction import secrets

ROOT = Path(__file__).parents[3]
READ = re.compile(r"""["'`]([A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]""")
LIKE_A_SECRET = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIALS|HEADERS)(?:_|$)")
PUBLIC = {"TWILIO_API_KEY_SID"}
"""Named like a secret, and anybody may see it."""


def is_secret(name: str) -> bool:
    return secrets.of({name: "a-value-7391"}) != frozenset()


def read_by_the_package() -> set[str]:
    """Every variable in the sources and the documentation whose name has a secret's word in it."""
    files = [ROOT / "docs" / "reference" / "environment.md", *(ROOT / "agentrun").rglob("*.py")]
    names = {name for path in files for name in READ.findall(path.read_text(encoding="utf-8"))}
    return {name for name in names if LIKE_A_SECRET.search(name)}


def keys_of_providers() -> set[str]:
    variables = (variable for service in catalogue.services() for variable in service.variables)
    return {one.name for one in variables if re.search("key|token|secret|credential", one.argument)}


@pytest.mark.parametrize("name", sorted(read_by_the_package()))
def test_a_variable_that_the_package_reads_is_secret_where_its_name_says_so(name: str) -> None:
    assert is_secret(name) == (name not in PUBLIC)


@pytest.mark.parametrize("name", sorted(keys_of_providers()))
def test_a_providers_key_is_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "TWILIO_AUTH_TOKEN_SECONDARY",
            "AGENTRUN_API_KEY_SECONDARY",
            "DB_PASSPHRASE",
            "DB_PASS",
            "API_KEYS",
        ),
        *("CRM_TOKEN_OLD", "CRM_TOKEN_2", "SIGNING_KEY_PREVIOUS", "OTEL_EXPORTER_OTLP_HEADERS", "SMTP_PWD"),
    ],
)
def test_a_second_key_and_a_passphrase_are_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["MONKEY", "KEYBOARD", "TOKENIZER", "BYPASS", "PASSENGERS", "MAX_TOKENS"])
def test_a_word_that_only_contains_one_is_not(name: str) -> None:
    assert not is_secret(name)


def test_each_key_of_several_in_one_variable_is_hidden() -> None:
    values = secrets.of({"OTEL_EXPORTER_OTLP_HEADERS": "api-key=abc12345,authorization=Bearer%20xyz98765"})
    assert {"abc12345", "Bearer%20xyz98765"} <= values
    assert "api-key" not in values
