"""systemd is told that a server takes calls, and nobody else is told where."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentrun.server.lifecycle import readiness
from tests.log_lines import log_lines


class Manager:
    """Hears what a service says of itself at ``address``."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self._sock, self.address = sock, address
        sock.bind(address)
        sock.settimeout(10)

    def hear(self) -> bytes:
        return self._sock.recv(100)

    def is_silent(self) -> bool:
        self._sock.setblocking(False)
        try:
            self._sock.recv(100)
        except BlockingIOError:
            return True
        return False


def threads() -> list[threading.Thread]:
    """Those that tell systemd of a start."""
    return [one for one in threading.enumerate() if one.name == "systemd"]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        yield Manager(sock, str(tmp_path / "manager"))


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_hears_it_once_it_is_told(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name if kind == "path" else f"\0{name}")
        environ = {"NOTIFY_SOCKET": name if kind == "path" else f"@{name}", "HOME": "/"}
        address = readiness.take(environ)
        assert environ == {"HOME": "/"}
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(100)
        readiness.tell(address)
        assert manager.recv(100) == b"READY=1"


def test_without_systemd_nobody_is_told() -> None:
    assert readiness.take({}) == ""
    readiness.tell("")
    with readiness.prolonged(""):
        assert threads() == []


def test_a_start_that_keeps_the_processor_busy_is_waited_for_again_and_again(manager: Manager) -> None:
    with readiness.prolonged(manager.address, pause=0.001):
        said = [manager.hear() for _ in range(3)]
    assert said == [b"EXTEND_TIMEOUT_USEC=90000000"] * 3


def test_nobody_waits_for_ever_for_a_start_that_hangs(manager: Manager) -> None:
    with readiness.prolonged(manager.address, pause=0.001, most=2):
        assert [manager.hear(), manager.hear()] == [b"EXTEND_TIMEOUT_USEC=90000000"] * 2
        for one in threads():
            one.join(10)
        assert manager.is_silent()


def test_a_start_that_fails_is_waited_for_no_longer(manager: Manager) -> None:
    with contextlib.suppress(ValueError), readiness.prolonged(manager.address):
        manager.hear()
        [telling] = threads()
        raise ValueError("no start")
    telling.join(10)
    assert not telling.is_alive()
    assert manager.is_silent()


def test_a_manager_that_is_gone_costs_a_line_in_the_log(tmp_path: Path) -> None:
    with log_lines("ERROR") as lines:
        readiness.tell(str(tmp_path / "gone"))
    assert [line for line in lines if "gone" in line]
