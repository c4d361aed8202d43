#!/usr/bin/env python3
"""A systemctl for tests: starts the services of `release.sh` below $DESTDIR, which share one socket.

It reads their units as systemd does, in the parts that matter here: the command, its folder and environment,
Sockets=, Type=notify with more time that is asked for, and %i. $LISTENING is the descriptor of the socket,
which the test listens on.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import sys
import time
from pathlib import Path

ROOT = Path(os.environ["DESTDIR"])
STATE = ROOT / "systemd"
UNITS = ROOT / "etc/systemd/system"


def pid_of(unit: str) -> int | None:
    """The process of a service, None for one that does not run."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((STATE / unit).read_text())
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            return pid
    return None


def settings(unit: str) -> dict[str, list[str]]:
    """What a unit says, by name."""
    version = unit.partition("@")[2].removesuffix(".service")
    found: dict[str, list[str]] = {}
    for line in (UNITS / unit).read_text().splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not name.startswith("#"):
            found.setdefault(name, []).append(value.replace("%i", version).replace("%%", "%"))
    return found


def start(unit: str) -> int:
    """Start a service; 0 once it takes calls."""
    said = settings(unit)
    assert (said["Type"], said["Sockets"]) == (["notify"], ["desk.socket"])
    below = re.compile("/(opt|var/lib)/desk/")
    here = {name: [below.sub(rf"{ROOT}/\1/desk/", one) for one in values] for name, values in said.items()}
    (ROOT / "var/lib/desk").mkdir(parents=True, exist_ok=True)
    environ = dict(shlex.split(one)[0].split("=", 1) for one in here["Environment"])
    environ |= dict(one.split("=", 1) for one in (ROOT / "etc/desk/secrets.env").read_text().split())
    environ["HOME"] = str(ROOT / "var/lib/desk")
    address = str(STATE / "notify")
    Path(address).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        if not (pid := os.fork()):
            run(here["ExecStart"][0], here["WorkingDirectory"][0], environ | {"NOTIFY_SOCKET": address})
        (STATE / unit).write_text(str(pid))
        manager.settimeout(0.1)
        end = time.monotonic() + float(said["TimeoutStartSec"][0])
        while time.monotonic() < end and os.waitpid(pid, os.WNOHANG)[0] == 0:
            with contextlib.suppress(TimeoutError):
                said_now = manager.recv(100).decode()
                if said_now == "READY=1":
                    return 0
                end = max(end, time.monotonic() + int(said_now.removeprefix("EXTEND_TIMEOUT_USEC=")) / 1e6)
    return 1


def run(command: str, folder: str, environ: dict[str, str]) -> None:
    """Become a service that is handed the socket; never returns."""
    log = os.open(STATE / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(int(os.environ["LISTENING"]), 3)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.closerange(4, 256)
    os.setsid()
    os.chdir(folder)
    handed = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"}
    words = shlex.split(command)
    os.execve(words[0], words, {"PATH": os.environ["PATH"], **environ, **handed})  # noqa: S606


def state_of(unit: str) -> str:
    """What systemd calls it."""
    if (pid := pid_of(unit)) is None:
        return "inactive"
    return "deactivating" if (STATE / f"{pid}.ending").exists() else "active"


def stop(unit: str, *, wait: bool) -> None:
    """Have a service end; one that is ending already is not told again."""
    if state_of(unit) == "active":
        pid = pid_of(unit)
        assert pid is not None
        (STATE / f"{pid}.ending").touch()
        os.kill(pid, signal.SIGTERM)
    while wait and pid_of(unit) is not None:
        time.sleep(0.05)


def main(command: str, *rest: str) -> int:
    """What `systemctl` is asked; its exit code."""
    STATE.mkdir(exist_ok=True)
    unit = rest[-1] if rest else ""
    if command == "list-units":
        wanted = (
            next(each for each in rest if each.startswith("--state=")).removeprefix("--state=").split(",")
        )
        for path in STATE.glob("desk@*.service"):
            if (state := state_of(path.name)) in wanted:
                print(f"{path.name} loaded {state} running agents")
    elif command == "start":
        return start(unit)
    elif command == "stop":
        stop(unit, wait="--no-block" not in rest)
    elif command == "kill" and (pid := pid_of(unit)) is not None:
        os.kill(pid, signal.SIGUSR1)
    elif command == "enable" and unit == "desk.socket":
        (STATE / "open").touch()
    elif command == "is-active":
        return 0 if (STATE / "open").exists() else 3
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
