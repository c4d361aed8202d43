"""What is wrong with a webhook is said before a call, and never shows what it hides."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.cli.checking import CheckOptions, examine_all
from agentrun.records.webhook.signature import VARIABLE

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC = "transport: local\nprompts: Hi.\nrecord:\n  webhook: {}\n"


def said(folder: Path, webhook: str, **environ: str) -> list[str]:
    """What `check` says: severity, place and words."""
    path = folder / "desk.yaml"
    path.write_text(SPEC.replace("{}", f'"{webhook}"'))
    found = examine_all([path], CheckOptions({"OPENAI_API_KEY": "k", **environ})).all()
    return [f"{one.severity} {one.line} {one.where}: {one.message}" for one in found]


def test_an_address_with_a_query_and_a_secret_is_fine(tmp_path: Path) -> None:
    assert said(tmp_path, "https://crm.example.com/calls?from=desk", **{VARIABLE: SECRET}) == []
    assert said(tmp_path, "${CRM}", CRM="http://127.0.0.1:9/", **{VARIABLE: SECRET}) == []


@pytest.mark.parametrize("webhook", ["crm.example.com", "ftp://crm.example.com", "https://", "https://a b/"])
def test_what_is_no_address_is_an_error(tmp_path: Path, webhook: str) -> None:
    [problem] = said(tmp_path, webhook, **{VARIABLE: SECRET})
    assert problem.startswith("error 4 record.webhook: ")
    assert "not an address" in problem


def test_an_address_of_a_variable_is_not_shown(tmp_path: Path) -> None:
    [problem] = said(tmp_path, "${CRM}", CRM="crm.example.com/?token=hunter2", **{VARIABLE: SECRET})
    assert problem == "error 4 record.webhook: ${CRM} is not an address of http:// or https://"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, f"{VARIABLE} is not set"),
        ({VARIABLE: "whsec_c2hvcnQ="}, f"{VARIABLE} has less than 24 bytes"),
    ],
)
def test_a_secret_that_is_not_set_or_short_is_a_warning(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    assert said(tmp_path, "https://crm.example.com", **environ) == [f"warning 4 record.webhook: {words}"]


def test_a_secret_that_is_none_is_an_error_that_does_not_show_it(tmp_path: Path) -> None:
    [problem] = said(tmp_path, "https://crm.example.com", **{VARIABLE: "hunter2!"})
    assert problem == f"error 4 record.webhook: {VARIABLE} is not base64"


def test_an_unencrypted_address_elsewhere_and_an_unset_variable_are_warnings(tmp_path: Path) -> None:
    [plain] = said(tmp_path, "http://crm.example.com", **{VARIABLE: SECRET})
    assert plain == "warning 4 record.webhook: records go there unencrypted"
    assert said(tmp_path, "${CRM}", **{VARIABLE: SECRET}) == ["warning 4 record.webhook: CRM is not set"]
