"""A server that systemd starts when it is asked, and one that follows another: no request is lost."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.cli.serve_process import SPEC, environ
from tests.ports import free_port

ACTIVATE = shutil.which("systemd-socket-activate")
VARIABLES = {"PIPECAT_CLOUD_PUBLIC_KEY": "pk_1", "TWILIO_AUTH_TOKEN": "token"}
SECONDS = 90.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A server that loads no model, whatever its port."""
    (tmp_path / "desk.yaml").write_text(SPEC)
    spec = str(tmp_path / "desk.yaml")
    return [
        sys.executable,
        "-m",
        "agentrun",
        "serve",
        spec,
        "--dispatch",
        "pipecat-cloud",
        "--records",
        "none",
    ]


@contextlib.asynccontextmanager
async def ended(process: Process) -> AsyncIterator[Process]:
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def ask(port: int) -> asyncio.Task[httpx.Response]:
    """One request, whose answer may take a while."""

    async def request() -> httpx.Response:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            return await client.get(f"http://127.0.0.1:{port}/health")

    return asyncio.create_task(request())


@pytest.mark.needs(ACTIVATE is not None, "systemd-socket-activate, of systemd")
async def test_a_request_that_has_the_server_started_is_answered(tmp_path: Path, command: list[str]) -> None:
    """And systemd hears that it starts, before it hears that it has started."""
    port, notified = free_port(), str(tmp_path / "notify")
    variables = environ(**VARIABLES, NOTIFY_SOCKET=notified)
    given = [f"--setenv={name}={value}" for name, value in variables.items()]
    address = f"--listen=127.0.0.1:{port}"
    activating = [str(ACTIVATE), address, "--fdname=http", *given, *command, "--port", "1"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(notified)
        manager.settimeout(SECONDS)
        await answers_and_ends(activating, tmp_path, port)
        said = [manager.recv(100).partition(b"=")[0] for _ in range(2)]
    assert said == [b"EXTEND_TIMEOUT_USEC", b"READY"]


async def answers_and_ends(activating: list[str], folder: Path, port: int) -> None:
    """What is started by its first request answers it, and ends well."""
    process = await asyncio.create_subprocess_exec(*activating, cwd=folder)
    async with ended(process):
        async with asyncio.timeout(SECONDS):
            while True:
                with contextlib.suppress(httpx.ConnectError):  # systemd's helper does not listen yet
                    answer = await ask(port)
                    break
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0


async def test_a_request_between_two_servers_is_answered_by_the_second(
    tmp_path: Path, command: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        async with ended(await handed(listening, command, tmp_path)) as first:
            assert (await ask(port)).status_code == 200
            first.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(first.wait(), SECONDS) == 0
        waiting = ask(port)
        async with ended(await handed(listening, command, tmp_path)):
            assert (await waiting).status_code == 200


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_socket_that_everybody_reaches_is_no_loopback_whatever_host_says(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC)
    asked = ["desk.yaml", "--offline", "--insecure", "--records", "none", "--workers", workers]
    command = [sys.executable, "-m", "agentrun", "serve", *asked, "--host", "127.0.0.1"]
    with socket.create_server((".".join("0000"), 0)) as listening:
        async with ended(await handed(listening, command, tmp_path, stderr=PIPE)) as process:
            _, said = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 1, said.decode()
    assert "--insecure is refused on 0.0.0.0" in said.decode()


async def handed(
    listening: socket.socket, command: list[str], folder: Path, stderr: int | None = None
) -> Process:
    """A server that is started with ``listening`` as its descriptor 3, as systemd does."""
    descriptor = listening.fileno()
    script = f'exec 3<&{descriptor}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec "$@"'
    given = environ(**VARIABLES) if "--insecure" not in command else environ()
    started = ["bash", "-c", script, "bash", *command]
    return await asyncio.create_subprocess_exec(
        *started, cwd=folder, env=given, pass_fds=[descriptor], stderr=stderr
    )
