"""The balancer's configuration in the documentation does what the page says."""

from __future__ import annotations

import http.server
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "behind-a-balancer.md"
pytestmark = pytest.mark.needs(shutil.which("haproxy"), "haproxy is not installed: apt-get install haproxy")


class Machine(http.server.ThreadingHTTPServer):
    """Answers every POST with ``status``, and is ready."""

    def __init__(self, status: int) -> None:
        self.status, self.asked = status, 0
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    server: Machine

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        self._answer(self.server.status)

    def log_request(self, *_: object) -> None:
        """Nobody reads it."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    """One that is full, and one that is not."""
    both = Machine(503), Machine(200)
    yield both
    for machine in both:
        machine.shutdown()
        machine.server_close()


@pytest.fixture
def balancer(tmp_path: Path, machines: tuple[Machine, Machine]) -> Iterator[str]:
    """The address of haproxy with the page's configuration, before both."""
    port = free_port()
    [text] = re.findall(r"```\n(defaults\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    text = re.sub(r"bind .*", f"bind 127.0.0.1:{port}", text)
    for name, machine in zip("ab", machines, strict=True):
        text = re.sub(rf"server {name} \S+", f"server {name} 127.0.0.1:{machine.server_port}", text)
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(text)
    with subprocess.Popen(["haproxy", "-f", str(configuration)], stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not is_open(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_a_webhook_goes_from_a_full_machine_to_one_that_is_not_and_a_dial_is_not_repeated(
    balancer: str, machines: tuple[Machine, Machine]
) -> None:
    full, free = machines
    with httpx.Client(base_url=balancer, trust_env=False, timeout=20) as client:
        codes = [client.post("/desk/twilio/voice", data={"CallSid": "CA1"}).status_code for _ in range(6)]
        assert codes == [200] * 6
        assert full.asked, "it was asked, too"
        assert free.asked == 6
        asked = full.asked + free.asked
        dialled = [client.post("/desk/twilio/dial", json={}).status_code for _ in range(4)]
    assert sorted(dialled) == [200, 200, 503, 503]
    assert full.asked + free.asked == asked + 4
