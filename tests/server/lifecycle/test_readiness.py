"""systemd is told that a server takes calls, and nobody else is told where."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agentrun.server.lifecycle import readiness
from tests.log_lines import log_lines


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


def test_a_manager_that_is_gone_costs_a_line_in_the_log(tmp_path: Path) -> None:
    with log_lines("ERROR") as lines:
        readiness.tell(str(tmp_path / "gone"))
    assert [line for line in lines if "gone" in line]
