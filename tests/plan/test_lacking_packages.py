"""Packages that a spec needs and that are not installed: a check warns of them, and it is not served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentrun import spec
from agentrun.distribution import install, install_extra
from agentrun.errors import SetupError
from agentrun.plan import plan, recording

ENVIRON = {"OPENAI_API_KEY": "k"}


@pytest.mark.parametrize(
    ("absent", "words", "command"),
    [
        ("fsspec", "needs fsspec, which is not installed", install_extra("recordings")),
        ("s3fs", "needs s3fs, which is not installed", install("s3fs")),
    ],
)
def test_a_check_warns_of_what_sends_recordings_and_it_is_not_served(
    absent: str, words: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> Any:
        return None if name == absent else object()

    monkeypatch.setattr(recording, "find_spec", find)
    path = tmp_path / "desk.yaml"
    path.write_text(
        "transport: twilio\nprompts: Hi.\nrecord: {audio: 's3://bucket/calls'}\n", encoding="utf-8"
    )
    found = plan.make(spec.load(path), (), ENVIRON)
    (problem,) = [one for one in found.warnings if words in one.message]
    assert (problem.line, problem.hint, problem.severity) == (3, command, "warning")
    with pytest.raises(SetupError, match=words) as caught:
        found.require_keys()
    assert caught.value.hint == command
