"""``agentrun doctor`` as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_token import run

GOOD = {"OPENAI_API_KEY": "k", "TWILIO_AUTH_TOKEN": "t", "TWILIO_ACCOUNT_SID": "AC1"}


@pytest.mark.parametrize(("given", "code"), [(GOOD, 0), ({"OPENAI_API_KEY": "k"}, 1)])
def test_it_exits_with_1_when_something_stands_in_the_way(
    tmp_path: Path, given: dict[str, str], code: int
) -> None:
    (tmp_path / "desk.yaml").write_text("transport: twilio\nprompts: Be brief.\n")
    done = run("doctor", str(tmp_path), "--port", "0", **given)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("FAIL  key: TWILIO_AUTH_TOKEN is not set\n      hint: " in done.stdout) == bool(code)
    assert "disk: " in done.stdout
    assert "port: " in done.stdout
