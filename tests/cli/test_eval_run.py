"""``pipecat eval run`` of our own tests, at ``agentrun serve --eval``."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
import yaml

from tests import programs
from tests.cli.serve_process import environ
from tests.programs import ROOT

TESTS = ROOT / "agents" / "ncaa.tests.yaml"
KINDS = {"greeting", "mens-scores", "follow-up", "interrupted", "off-topic", "goodbye"}
"""One of each kind of the scenarios that Pipecat's runner passes, which are all but ``ours``."""


def ours() -> set[str]:
    """The scenarios that give a tool's result, which is what Pipecat's own runner can't do."""
    scenarios = yaml.safe_load(TESTS.read_text())["scenarios"]
    return {one["name"] for one in scenarios if any("tools" in turn for turn in one["turns"])}


def test_the_file_says_which_scenarios_need_agentrun() -> None:
    head = " ".join(line.strip("# ") for line in TESTS.read_text().splitlines() if line.startswith("#"))
    named = re.search(r"need agentrun: ([a-z -]+)", head)
    assert named is not None
    assert set(named[1].split(" and ")) == ours()
    assert not KINDS & ours()


@pytest.mark.slow
async def test_pipecat_s_runner_passes_the_others(tmp_path: Path) -> None:
    whole = yaml.safe_load(TESTS.read_text())
    whole["scenarios"] = [one for one in whole["scenarios"] if one["name"] in KINDS]
    file = tmp_path / "ncaa.tests.yaml"
    file.write_text(yaml.safe_dump(whole))
    options = ("--eval", "--offline", "--port", "0", "--records", "none")
    server = await programs.start("serve", "agents/ncaa.yaml", *options, env=environ())
    try:
        async with asyncio.timeout(60):
            async for line in server.stdout:
                if address := re.search(rb"http://(127\.0\.0\.1:\d+)/", line):
                    break
        url = f"ws://{address[1].decode()}/ncaa/eval"  # type: ignore[index]
        command = (str(Path(sys.executable).with_name("pipecat")), "eval", "run", str(file), "--bot-url", url)
        runner = await asyncio.create_subprocess_exec(
            *command, "--logs-dir", str(tmp_path), "-t", "20", stdout=PIPE, env=environ(), cwd=tmp_path
        )
        shown, _ = await asyncio.wait_for(runner.communicate(), 100)
    finally:
        server.kill()
        await server.communicate()
    assert f"{len(KINDS)}/{len(KINDS)} passed" in shown.decode(), shown.decode()[-2000:]
    assert runner.returncode == 0
