"""The balancer's configuration in the documentation does what the page says."""

from __future__ import annotations

import contextlib
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
NGINX = """\
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
"""
PATHS = """\
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
"""
"""What Debian's nginx.conf says, for a user who may not write to /var."""


class Machine(http.server.ThreadingHTTPServer):
    """Answers every POST with ``status``, or not where it ``hangs``, and is ready."""

    def __init__(self, status: int) -> None:
        self.status, self.asked, self.is_ready, self.hangs = status, 0, True, False
        self.left = threading.Event()
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def leave(self) -> None:
        """Listen no more."""
        if not self.left.is_set():
            self.left.set()
            self.shutdown()
            self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    server: Machine

    def do_GET(self) -> None:
        is_ready = self.server.is_ready if self.path == "/ready" else self.server.status == 200
        self._answer(200 if is_ready else 503)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        if self.server.hangs:
            self.server.left.wait(60)
            return
        self._answer(self.server.status)

    def log_request(self, *_: object) -> None:
        """Nobody reads it."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status == 503:
            self.send_header("retry-after", "30")
        self.send_header("content-length", "0")
        self.end_headers()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def configuration(folder: Path, port: int, *machines: int) -> Path:
    """The page's for haproxy, before ``machines`` at these ports of this one, looked at often."""
    busy = folder / "busy.xml"
    busy.write_text(_block(r"xml\n(.*?)"))
    text = _block(r"\n(defaults\n.*?)").replace("/etc/haproxy/busy.xml", str(busy))
    # servers of one busy process answer late
    text = text.replace("  timeout connect 2s\n", "  timeout connect 10s\n  timeout check 10s\n")
    text = re.sub(r"bind .*", f"bind 127.0.0.1:{port}", text).replace("inter 2s fall 2", "inter 200ms fall 1")
    for name, machine in zip("ab", machines, strict=True):
        text = re.sub(rf"server {name} \S+", f"server {name} 127.0.0.1:{machine}", text)
    path = folder / "haproxy.cfg"
    path.write_text(text)
    return path


def nginx(folder: Path, port: int, *machines: int) -> Path:
    """The page's for nginx, without its certificates, before ``machines`` at these ports of this one."""
    text = re.sub(r"listen .*", f"listen 127.0.0.1:{port};", _block(r"nginx\n(.*?)"))
    text = re.sub(r" *ssl_certificate.*\n", "", text)
    text = text.replace("proxy_connect_timeout 2s", "proxy_connect_timeout 10s")
    for number, machine in enumerate(machines, 1):
        text = text.replace(f"server 10.0.0.{number}:7860 ", f"server 127.0.0.1:{machine} ")
    assert "10.0.0." not in text
    path = folder / "nginx.conf"
    path.write_text(NGINX.format(folder=folder) + f"http {{\n{PATHS.format(folder=folder)}{text}}}\n")
    return path


def command(path: Path) -> list[str]:
    """What runs a balancer with its configuration until it is ended."""
    if path.name == "nginx.conf":
        return [found("nginx"), "-c", str(path), "-p", str(path.parent)]
    return [found("haproxy"), "-W", "-db", "-q", "-f", str(path)]


def found(program: str) -> str:
    """Where a program is; empty where it is not installed."""
    return shutil.which(program, path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin") or ""


def _block(inside: str) -> str:
    [text] = re.findall(rf"```{inside}```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(text)


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    """One that is full, and one that is not."""
    both = Machine(503), Machine(200)
    yield both
    for machine in both:
        machine.leave()


@pytest.fixture(params=["haproxy", "nginx"])
def balancer(
    request: pytest.FixtureRequest, tmp_path: Path, machines: tuple[Machine, Machine]
) -> Iterator[str]:
    """The address of one with the page's configuration, before both."""
    if not found(request.param):
        pytest.skip(f"{request.param} is not installed: apt-get install {request.param}")
    port, writes = free_port(), {"haproxy": configuration, "nginx": nginx}[request.param]
    path = writes(tmp_path, port, *(machine.server_port for machine in machines))
    with running(path, port) as url:
        yield url


@contextlib.contextmanager
def running(path: Path, port: int) -> Iterator[str]:
    """The address of the balancer with the configuration at ``path``, which listens on ``port``."""
    with subprocess.Popen(command(path), stderr=subprocess.DEVNULL) as process:
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
        dialled = [client.post("/desk/twilio/dial", json={}) for _ in range(4)]
        streams = [client.get("/desk/twilio/stream/x").status_code for _ in range(4)]
    refused = [answer.headers.get("retry-after") for answer in dialled if answer.status_code == 503]
    assert sorted(answer.status_code for answer in dialled) == [200, 200, 503, 503]
    assert refused == ["30"] * 2
    assert full.asked + free.asked == asked + 4
    assert streams == [200] * 4


def test_a_webhook_goes_from_a_machine_that_hangs_to_one_that_does_not(
    balancer: str, machines: tuple[Machine, Machine]
) -> None:
    machines[0].hangs = True
    with httpx.Client(base_url=balancer, trust_env=False, timeout=14) as client:
        codes = [client.post("/desk/twilio/voice", data={"CallSid": "CA1"}).status_code for _ in range(2)]
    assert codes == [200] * 2
    assert machines[0].asked, "it was asked, too"


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
            machine.leave()
        assert heard("/desk/twilio/voice") == (200, words)
        assert heard("/desk/twilio/dial")[0] in (502, 503)
