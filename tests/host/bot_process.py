"""A bot in a process of its own: in Pipecat's runner, or in what stands in for Pipecat Cloud's image."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.programs import ROOT

SERVER = Path(__file__).parent / "image" / "server.py"
START_SECONDS = 150
NEEDED = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")


def only(**given: str) -> dict[str, str]:
    """Nothing but ``given`` and what a program needs to run at all."""
    here = {name: os.environ[name] for name in NEEDED if name in os.environ}
    return {**here, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **given}


@contextlib.asynccontextmanager
async def bot_process(
    folder: Path, environ: Mapping[str, str], port: int, ready: str, *command: str
) -> AsyncIterator[tuple[Process, str]]:
    """Python with ``command`` in ``folder``, once ``ready`` is answered at ``port``; killed at the end."""
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=folder, env=environ)
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(START_SECONDS):
            while not await _is_up(client, url + ready):
                assert process.returncode is None
                await asyncio.sleep(0.1)
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def pipecat_runner(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[tuple[Process, str]]:
    """The folder's ``bot.py`` as Pipecat's own runner starts it for Twilio."""
    port = free_port()
    command = ("bot.py", "-t", "twilio", "--port", str(port), "--host", "127.0.0.1", "-x", "127.0.0.1")
    async with bot_process(folder, environ, port, "/status", *command) as started:
        yield started


@contextlib.asynccontextmanager
async def image_server(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[tuple[Process, str]]:
    """The server of Pipecat Cloud's image around the folder's bot."""
    port = free_port()
    async with bot_process(folder, only(**environ), port, "/readyz", str(SERVER), str(port)) as started:
        yield started


async def _is_up(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
