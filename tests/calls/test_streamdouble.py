"""A simulator of Twilio's streams that is not ours holds a call: streamdouble, as its users start it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, Desk, open_desk, until

PROGRAM = Path(sys.executable).with_name("streamdouble")
IS_THERE = importlib.util.find_spec("streamdouble") is not None
pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(IS_THERE and PROGRAM.exists(), "streamdouble is not installed: make install"),
]


async def call(desk: Desk, folder: Path) -> tuple[int, dict[str, Any], str]:
    """What the program exits with, its figures, and what it complains about."""
    url = f"{desk.server.url.replace('http', 'ws', 1)}/desk/twilio/stream"
    wanted = ("--param", "from_number=+12025550143", "--quiet-period", "3", "--out", str(folder / "out.wav"))
    arguments = ("call", url, "--audio", str(QUESTION), "--response-timeout", "30", "--json", *wanted)
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), *arguments, stdout=PIPE, stderr=PIPE, env=environ, cwd=folder
    )
    try:
        told, complained = await asyncio.wait_for(process.communicate(), 100)
    except TimeoutError:
        process.kill()
        raise
    code = process.returncode
    assert code is not None
    return code, json.loads(told) if told.startswith(b"{") else {}, complained.decode()


async def test_it_holds_a_call_with_insecure(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, LOOK_UP, OPEN]) as desk:
        code, figures, complained = await call(desk, tmp_path)
        assert (code, complained) == (0, ""), (figures, complained)
        (record,) = desk.server.switchboard.records.newest()
        await until(lambda: bool(record.ended_by), 20)
    assert (record.from_number, record.errors) == ("+12025550143", [])
    assert [entry.who for entry in record.transcript] == ["agent", "caller", "tool", "agent"]
    assert (tmp_path / "out.wav").stat().st_size > 8_000


async def test_with_twilio_s_token_it_is_refused(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO], environ={"TWILIO_AUTH_TOKEN": "t" * 32}) as desk:
        code, _, complained = await call(desk, tmp_path)
        assert code != 0
        assert "Traceback" not in complained
        assert desk.server.switchboard.records.newest() == []
