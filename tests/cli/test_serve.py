"""``agentrun serve`` as a process: what it says, its exit codes, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests import programs
from tests.calls.desk import HELLO, until
from tests.cli.serve_process import SERVE, SPEC, assert_mendable, environ, serve, serving


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_text(SPEC)
    return path


def test_without_a_key_it_names_the_variable_and_offline(spec: Path) -> None:
    assert_mendable(serve(spec, "--port", "0"), "OPENAI_API_KEY", "--offline")


def test_a_mistake_in_a_spec_is_named_with_its_place(spec: Path) -> None:
    spec.write_text(SPEC.replace("twilio", "twillio"))
    assert_mendable(serve(spec, "--port", "0", OPENAI_API_KEY="k"), f"{spec}:2:12: ")


def test_a_spec_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    assert_mendable(serve(missing, "--port", "0", OPENAI_API_KEY="k"), str(missing))


def test_a_port_in_use_is_named_with_the_option(spec: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_mendable(serve(spec, "--port", port, OPENAI_API_KEY="k"), f"port {port}", "in use", "--port")


def test_an_unknown_option_is_wrong_usage(spec: Path) -> None:
    for arguments in ((spec, "--colour"), (spec, "--port", "70000"), (spec, "--set", "novalue")):
        done = serve(*arguments)
        assert done.returncode == 2, done.stderr
        assert "Usage: " in done.stderr


def test_without_a_spec_and_without_a_folder_of_agents_it_is_wrong_usage(tmp_path: Path) -> None:
    done = programs.run("serve", cwd=tmp_path)
    assert (done.returncode, "Usage: " in done.stderr) == (2, True), done.stderr


def test_an_unknown_log_level_is_wrong_usage(spec: Path) -> None:
    done = serve(spec, "--log-level", "LOUD", OPENAI_API_KEY="k")
    assert done.returncode == 2, done.stderr
    assert "--log-level" in done.stderr


def test_a_broken_plugin_is_named(spec: Path) -> None:
    folder = spec.parent / "plugins"
    folder.mkdir()
    (folder / "hours.py").write_text("import nothing_of_that_name\n")
    spec.write_text(f"{SPEC}tools: [hours]\n")
    assert_mendable(serve(spec, "--port", "0", OPENAI_API_KEY="k"), "hours.py", "nothing_of_that_name")


def test_two_specs_with_one_name_are_refused(spec: Path) -> None:
    other = spec.with_name("other.yaml")
    other.write_text(SPEC)
    done = serve(spec, other, "--port", "0", OPENAI_API_KEY="k")
    assert_mendable(done, f"{other}:1:", "'desk' is also the name of")


def test_insecure_on_a_public_host_is_refused(spec: Path) -> None:
    host = ".".join("0000")
    done = serve(spec, "--host", host, "--port", "0", "--insecure", OPENAI_API_KEY="k")
    assert_mendable(done, "--insecure", host)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_call_that_is_up_and_then_the_server(
    spec: Path, number: signal.Signals
) -> None:
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain([HELLO])) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with (
            serving(spec, given, "--drain", "0s") as (process, url),
            Caller().call(f"{url}/desk") as call,
        ):
            await call.hear_greeting()
            process.send_signal(number)
            assert await asyncio.wait_for(process.wait(), 15) == 0
            async with asyncio.timeout(20):
                await call.until(lambda: call.over)
            assert call.ended_by in ("agent", "server")
            assert process.stderr is not None
            assert b"Traceback" not in await process.stderr.read()


async def test_a_signal_ends_a_server_without_calls_at_once(spec: Path) -> None:
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with serving(spec, given, whole_start=True) as (process, _):
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 20) == 0


LOADED = """
import sys
from agentrun.cli import main
try:
    main.run()
finally:
    print("pipecat" in sys.modules)
"""


SUPERVISOR = """
import sys
from agentrun.cli.commands import serve
async def look(number, sock, *_stores):
    from agentrun.server.lifecycle.processes import workers
    sock.close()
    print("pipecat" in sys.modules)
serve._supervise = look
serve.command(standalone_mode=False)
"""


def test_a_supervisor_of_workers_loads_nothing_that_answers_calls(spec: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(spec), "--workers", "2", "--port", "0"]
    done = subprocess.run(
        [*command, "--records", "none"],
        env={**os.environ, "OPENAI_API_KEY": "test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["False"], done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("key", "OPENAI_API_KEY is not set"), ("port", "is in use"), ("spec", "twillio"), ("file", "desk.yaml")],
)
def test_what_is_wrong_is_said_before_anything_is_loaded(spec: Path, wrong: str, said: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        # what a port in use would say by itself comes after what must be mended in any case
        port = str(taken.getsockname()[1])
        if wrong == "spec":
            spec.write_text(SPEC.replace("twilio", "twillio"))
        elif wrong == "file":
            spec.unlink()
        done = subprocess.run(
            [sys.executable, "-c", LOADED, "serve", str(spec), "--port", port],
            capture_output=True,
            text=True,
            env=environ(**({} if wrong == "key" else {"OPENAI_API_KEY": "k"})),
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "False\n"), done.stderr
    assert said in done.stderr
    assert ("is in use" in done.stderr) == (wrong == "port")
    assert "Starting" not in done.stderr


async def test_it_says_that_it_starts_before_it_is_ready(spec: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        *SERVE, str(spec), "--port", "0", stdout=PIPE, stderr=PIPE, env=environ(OPENAI_API_KEY="k")
    )
    try:
        assert server.stdout
        assert server.stderr
        first = await asyncio.wait_for(server.stderr.readline(), 30)
        assert re.fullmatch(r"Starting desk on port \d+ …\n", first.decode())
    finally:
        server.kill()
        await server.wait()


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal, as it has once what it needs is loaded."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", status)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


@pytest.mark.needs(sys.platform == "linux", "Linux says of each process which signals it handles")
async def test_a_second_signal_ends_a_start_that_waits_for_its_store(spec: Path, tmp_path: Path) -> None:
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain(())) as openai:
        given = environ(OPENAI_API_KEY="test", OPENAI_BASE_URL=openai.base_url)
        store = tmp_path / "calls.sqlite3"
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            arguments = (*SERVE, str(spec), "--port", "0", "--insecure", "--records", f"sqlite:///{store}")
            process = await asyncio.create_subprocess_exec(*arguments, stdout=PIPE, stderr=PIPE, env=given)
            assert process.stderr is not None
            said = await process.stderr.readuntil(b"\n")
            await until(lambda: catches(process.pid, signal.SIGTERM), 60)
            for number in (signal.SIGTERM, signal.SIGINT):
                process.send_signal(number)
                await asyncio.sleep(0.5)
            try:
                _, rest = await asyncio.wait_for(process.communicate(), 15)
            finally:
                if process.returncode is None:
                    process.kill()
    assert b"Starting desk" in said
    assert (process.returncode, b"Traceback" in rest) == (1, False)
    assert b"stopped before it had started" in rest
