"""How many decisions a second one PostgreSQL takes for machines that share it.

A call is five transactions: a place, its token used, its CallSid claimed, that it is up, and that it is over.
Beside them stand what a machine writes however few calls begin: its heartbeat every 5 s, and twice a second
the records of its calls that have changed, here of 20 calls with 40 entries each, all of them changed.
PostgreSQL runs on one processor, where `taskset` is there; the clients have the others::

    python benchmarks/shared_state.py --seconds 10
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentrun.records import CallRecord
from agentrun.records.store.store import Store
from agentrun.server.admission.limits import Limits
from agentrun.server.shared_state.backend import Asked, Place, Process, Released, Up
from agentrun.server.shared_state.sql import SqlBackend

CASES = {
    "no limits": (Limits(), Limits()),
    "limits of an agent": (Limits(10_000, 10_000, 1_000_000), Limits()),
    "limits of all agents": (Limits(10_000, 10_000, 1_000_000), Limits(100_000, 100_000, 1_000_000)),
}
AGENTS = 10
UP = 20


@contextlib.contextmanager
def postgresql() -> Iterator[tuple[str, int]]:
    """The address and the process of an empty PostgreSQL, which waits for its disk as it does by default."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)[0]
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="agentrun-pg-") as name, socket.socket() as probe:
        if os.geteuid() == 0:
            shutil.chown(name, user)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []

        def run(*command: str) -> None:
            who = user if os.geteuid() == 0 else None
            subprocess.run(command, check=True, capture_output=True, cwd=name, timeout=60, user=who)

        data, control = f"{name}/data", str(programs / "pg_ctl")
        run(str(programs / "initdb"), "-D", data, "-U", "agentrun", "--auth=trust", "-E", "UTF8")
        options = f"-p {port} -k {name} -c listen_addresses=127.0.0.1 -c max_connections=200"
        run(*pin, control, "-D", data, "-l", f"{name}/log", "-o", options, "-w", "start")
        try:
            master = int(Path(data, "postmaster.pid").read_text().split()[0])
            yield f"postgresql+psycopg://agentrun@127.0.0.1:{port}/postgres", master
        finally:
            run(control, "-D", data, "-m", "immediate", "stop")


def cpu_seconds(master: int) -> float:
    """What PostgreSQL's processes have used of the processor so far, those that have ended with them."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == master:
                total += sum(int(fields[index]) for index in (11, 12, 13, 14))
            elif int(fields[1]) == master:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def calls(
    backend: SqlBackend, name: str, own: Limits, server: Limits, until: float, waits: list[float]
) -> None:
    """Calls of one client, one after the other; how long each decision took."""
    number = 0
    while time.monotonic() < until:
        number += 1
        agent, call = f"agent{number % AGENTS}", f"{name}-{number}"
        began = time.monotonic()
        assert backend.ask(Asked(agent, call, f"+1555{number:07d}", 61.0, own, server)) is None
        waits.append(time.monotonic() - began)
        assert backend.use(f"stream {call}", 60.0)
        assert backend.claim(agent, call)
        backend.apply([Up(Place(agent, call))], name)
        backend.apply([Released(agent, call)], name)


def measure(url: str, master: int, case: str, clients: int, seconds: float, up: int) -> None:
    """One line of the table."""
    backend = SqlBackend(url)
    backend.beat(Process("held"), [Place(f"agent{n % AGENTS}", f"held-{n}") for n in range(up)])
    waits: list[list[float]] = [[] for _ in range(clients)]
    until, used = time.monotonic() + seconds, cpu_seconds(master)
    threads = [
        threading.Thread(
            target=calls, args=(SqlBackend(url), f"{case} {up} {n}", *CASES[case], until, waits[n])
        )
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, used = seconds, cpu_seconds(master) - used
    every = sorted(wait for each in waits for wait in each)
    count, p99 = len(every), every[int(len(every) * 0.99)] * 1000
    print(
        f"{case:22} {clients:3} clients {up:6} up  {count / took:7.0f} calls/s  "
        f"{1000 * used / count:6.2f} ms of PostgreSQL a call  "
        f"p50 {every[count // 2] * 1000:5.1f}  p99 {p99:6.1f} ms"
    )


def machines(url: str, master: int, seconds: float) -> None:
    """What a heartbeat costs of one of a hundred machines, each with 20 calls up."""
    backend, count = SqlBackend(url), 0
    ids = [f"machine{number}" for number in range(100)]
    up = {each: [Place(f"agent{n % AGENTS}", f"{each}-{n}") for n in range(UP)] for each in ids}
    for each in ids:
        backend.beat(Process(each), up[each])
    until, used = time.monotonic() + seconds, cpu_seconds(master)
    while time.monotonic() < until:
        backend.beat(Process(ids[count % 100]), up[ids[count % 100]])
        count += 1
    used = cpu_seconds(master) - used
    print(f"heartbeat of one of 100 machines  {1000 * used / count:6.2f} ms of PostgreSQL  ({count} of them)")
    backend.close()


def records(url: str, master: int, seconds: float) -> None:
    """What writing the records of a machine's calls costs."""
    store, count = Store(url), 0
    until, used = time.monotonic() + seconds, cpu_seconds(master)
    while time.monotonic() < until:
        count += 1
        rows = [_row(number, count) for number in range(UP)]
        assert store.save(rows, "a machine", keys=[f"key{number}" for number in range(UP)]) == []
    used = cpu_seconds(master) - used
    size = len(json.dumps(rows[0]))
    each = 1000 * used / count / UP
    print(f"record of {size} bytes  {each:6.2f} ms of PostgreSQL a row  ({count * UP} of them)")
    store.close()


def _row(number: int, count: int) -> dict[str, Any]:
    row = CallRecord(f"CA{number}", "desk", "twilio", "+15551234567", "+15557654321").as_json()
    entry = {"who": "caller", "text": "I would like a table for four at eight tomorrow.", "at": float(count)}
    return {**row, "transcript": [entry] * 40}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, default=4)
    asked = parser.parse_args()
    with postgresql() as (url, master):
        for case in CASES:
            for up in (0, 2000):
                measure(url, master, case, asked.clients, asked.seconds, up)
        machines(url, master, asked.seconds)
        records(url, master, asked.seconds)


if __name__ == "__main__":
    main()
