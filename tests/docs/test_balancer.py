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
        self.status, self.asked, self.is_ready = status, 0, True
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    server: Machine

    def do_GET(self) -> None:
        self._answer(200 if self.server.is_ready else 503)

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


def configuration(folder: Path, port: int, *machines: int) -> Path:
    """The page's, before ``machines`` at these ports of this one, looked at often."""
    page = PAGE.read_text(encoding="utf-8")
    [text], [busy] = (
        re.findall(rf"```{block}```", page, re.DOTALL) for block in (r"\n(defaults\n.*?)", r"xml\n(.*?)")
    )
    (folder / "busy.xml").write_text(busy)
    text = text.replace("/etc/haproxy/busy.xml", str(folder / "busy.xml"))
    # servers of one busy process answer late
    text = text.replace("  timeout connect 2s\n", "  timeout connect 10s\n  timeout check 10s\n")
    text = re.sub(r"bind .*", f"bind 127.0.0.1:{port}", text).replace("inter 2s fall 2", "inter 200ms fall 1")
    for name, machine in zip("ab", machines, strict=True):
        text = re.sub(rf"server {name} \S+", f"server {name} 127.0.0.1:{machine}", text)
    path = folder / "haproxy.cfg"
    path.write_text(text)
    return path


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
    path = configuration(tmp_path, port, *(machine.server_port for machine in machines))
    with subprocess.Popen(["haproxy", "-f", str(path)], stderr=subprocess.DEVNULL) as process:
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


def test_callers_are_told_when_every_machine_is_full_or_none_is_there(
    balancer: str, machines: tuple[Machine, Machine]
) -> None:
    with httpx.Client(base_url=balancer, trust_env=False, timeout=20) as client:

        def heard(path: str) -> tuple[int, str]:
            answer = client.post(path, data={"CallSid": "CA1"})
            return answer.status_code, answer.text

        for machine in machines:
            machine.status = 503
        code, words = heard("/desk/twilio/voice")
        assert (code, "<Say>All our lines are busy." in words) == (200, True)
        assert heard("/desk/twilio/dial")[0] == 503, "programs are told with a status"
        for machine in machines:
            machine.is_ready = False
        asked, deadline = -1, time.monotonic() + 30
        while asked != (asked := sum(machine.asked for machine in machines)):
            # until the balancer has seen it
            assert time.monotonic() < deadline
            time.sleep(1.0)
            assert heard("/desk/twilio/voice") == (200, words)
        assert heard("/desk/twilio/voice") == (200, words)
        assert sum(machine.asked for machine in machines) == asked, "nobody was asked"
