"""Twilio's variables that were exchanged, and addresses that Twilio can't reach, are told before a call."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.errors import SpecError
from agentrun.plan import plan as planning
from agentrun.plan.checks import twilio_account

SID, KEY, TOKEN = "AC" + "0a" * 16, "SK" + "0a" * 16, "0a" * 16
SPEC = "transport: twilio\nprompts: Hi.\n"
WRONG = {
    (TOKEN, SID): ["TWILIO_AUTH_TOKEN is the SID of an account, which is no secret"],
    (KEY, TOKEN): ["TWILIO_ACCOUNT_SID is the SID of an API key"],
    (SID, f"{TOKEN}\n"): ["TWILIO_AUTH_TOKEN ends with a line break"],
    (f"'{SID}'", TOKEN): ["TWILIO_ACCOUNT_SID is in quotes"],
    (SID, TOKEN): [],
    ("", ""): [],
    ("ACtest", "secret-token"): [],
}


@pytest.mark.parametrize(("sid", "token"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_variable_that_can_t_be_right_is_an_error_without_its_value(
    tmp_path: Path, sid: str, token: str
) -> None:
    environ = {"OPENAI_API_KEY": "k", "TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": token}
    path = tmp_path / "desk.yaml"
    path.write_text(SPEC)
    file = spec.load(path)
    with pytest.raises(SpecError) if WRONG[sid, token] else contextlib.nullcontext() as caught:
        planning.make(file, (), environ)
    if caught is not None:
        assert [problem.message for problem in caught.value.problems] == WRONG[sid, token]
        assert not any(value.strip("\n'") in str(caught.value) for value in (sid, token))
    planning.make(file, (), environ, offline=True)


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        ("https://voice.example.com", True),
        ("http://voice.example.com", False),
        ("https://localhost", False),
        ("https://192.168.1.20:7860", False),
        ("http://127.0.0.1:7860", True),
        ("http://desk.internal", True),
    ],
)
def test_what_twilio_can_t_reach_is_told_but_not_of_a_rig_on_this_machine(url: str, reached: bool) -> None:
    assert (twilio_account.unreachable(url) == "") is reached
