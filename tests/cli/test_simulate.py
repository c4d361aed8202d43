"""``agentrun simulate``: the mock server as a process of its own."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
HI = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi there, how are you doing today?"}]}
KEY = {"authorization": "Bearer any"}


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agentrun", "simulate", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


@contextlib.contextmanager
def simulating(*options: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The process, its base URL, and the lines that it printed at the start."""
    command = [sys.executable, "-m", "agentrun", "simulate", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as it:
        try:
            assert it.stdout
            lines: list[str] = []
            while not lines or not lines[-1].startswith("Stop"):
                line = it.stdout.readline()
                assert line, it.stderr.read() if it.stderr else ""
                lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+/v1", lines[0])
            assert found
            yield it, found[0], lines
        finally:
            it.terminate()


def test_it_rehearses_a_spec_says_what_it_is_and_ends_with_ctrl_c() -> None:
    with simulating("--spec", "agents/ncaa.yaml") as (process, url, lines):
        screen = "".join(lines)
        assert "There is no language model" in screen
        assert f"export OPENAI_BASE_URL={url} OPENAI_API_KEY=" in screen
        assert "\x1b" not in screen
        answer = httpx.post(f"{url}/chat/completions", json=HI, headers=KEY)
        assert "doing great" in answer.json()["choices"][0]["message"]["content"]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_faults_and_latencies_can_be_asked_for() -> None:
    options = ("--fault", "chat:429*1", "--latency", "chat=300ms")
    with simulating(*options) as (_, url, _lines):
        first, second = (httpx.post(f"{url}/chat/completions", json=HI, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (429, 200)
    assert second.elapsed.total_seconds() >= 0.3


def test_a_port_that_is_taken_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = simulate("--port", str(port))
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fault", "chat:teapot"), "'teapot' is neither a status such as 429 nor one of"),
        (("--fault", "tea:429"), "'tea' is not one of transcriptions"),
        (("--fault", "speech"), "'speech' is not route:fault"),
        (("--fault", "speech:cut*many"), "'speech:cut*many' is not route:fault"),
        (("--latency", "chat=5"), "'chat=5' is not route=time"),
        (("--latency", "tea=5s"), "'tea' is not one of transcriptions"),
        (("--port", "70000"), "70000 is not in the range"),
    ],
)
def test_wrong_options_are_explained(options: tuple[str, ...], message: str) -> None:
    done = simulate(*options)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_a_spec_that_is_wrong_is_reported_before_any_model_is_loaded(tmp_path: Path) -> None:
    spec = tmp_path / "a.yaml"
    spec.write_text("transport: twillio\nprompts: Hi.\n")
    done = simulate("--spec", str(spec))
    assert done.returncode == 1
    assert "a.yaml:1:12" in done.stderr
