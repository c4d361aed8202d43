"""Balancers of all kinds before two servers: full machines, sticky sessions, webhooks that are repeated."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from agentrun.records.store.store import CallQuery, Store
from agentrun.server.admission.admission import EXPECTED_SECONDS
from agentrun.simulate.caller import PhoneCall, RefusedError
from tests.calls.desk import OPEN, QUESTION, listen
from tests.docs.test_balancer import command, configuration, found, nginx
from tests.machines.fleet import BEHIND_HAPROXY, SPEC, Fleet, fleet
from tests.machines.rig import PROXY, end
from tests.machines.test_deploys import talks
from tests.machines.test_resume import asks, goes_on
from tests.ports import free_port
from tests.records.conftest import children, emptied, postgresql

__all__ = ["postgresql"]
pytestmark = [pytest.mark.slow, *BEHIND_HAPROXY, pytest.mark.timeout(150)]


@pytest.fixture
def store(postgresql: str) -> str:
    return emptied(postgresql)


async def greeted(servers: Fleet, stack: contextlib.AsyncExitStack) -> PhoneCall:
    call = await stack.enter_async_context(servers.caller.call(f"{servers.url}/desk"))
    await call.hear_greeting(silence=0.3)
    return call


WHAT_IT_SEES = """
listen seen
  bind 127.0.0.1:{port}
  stats enable
  stats uri /
"""
"""What haproxy thinks of its servers, at an address of its own."""


async def free_ones_are_seen(servers: Fleet, looks: int) -> None:
    """Return when a server has a place, and the balancer gives calls to each that has one.

    One whose last call has just ended was full when it was last looked at, as was one that has let in a call
    whose stream went to another server: haproxy passes by both until it has looked again.
    """
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
        while True:
            table = (await client.get(f"http://127.0.0.1:{looks}/;csv")).text.removeprefix("# ")
            up = {row["svname"] for row in csv.DictReader(table.splitlines()) if row["status"] == "UP"}
            full = [servers.at(number).switchboard.admission.is_full for number in range(2)]
            free = {name for name, is_full in zip("ab", full, strict=True) if not is_full}
            if free and free <= up:
                return
            await asyncio.sleep(0.05)


async def test_a_full_machine_never_says_busy_while_another_is_free(tmp_path: Path, store: str) -> None:
    looks = free_port()

    def balancer(folder: Path, port: int, *machines: int) -> Path:
        path = configuration(folder, port, *machines)
        path.write_text(path.read_text() + WHAT_IT_SEES.format(port=looks))
        return path

    async with fleet(tmp_path, store, balancer=balancer, capacity=1, when_full="503") as servers:
        for _ in range(3):
            async with contextlib.AsyncExitStack() as stack:
                calls: list[PhoneCall] = []
                for _ in range(2):
                    await free_ones_are_seen(servers, looks)
                    calls.append(await greeted(servers, stack))
                with pytest.raises(RefusedError) as refused:
                    await greeted(servers, stack)
                assert "All our lines are busy" in refused.value.heard, "there is no other one"
                assert not any(call.over for call in calls)
                await asyncio.gather(*(call.hang_up() for call in calls))


@pytest.mark.parametrize(
    ("balancer", "reload"),
    [
        (configuration, signal.SIGUSR2),
        pytest.param(nginx, signal.SIGHUP, marks=pytest.mark.needs(found("nginx"), "apt-get install nginx")),
    ],
    ids=["haproxy", "nginx"],
)
async def test_a_balancer_that_reads_its_file_anew_cuts_no_call(
    tmp_path: Path, store: str, balancer: Callable[..., Path], reload: signal.Signals
) -> None:
    async with fleet(tmp_path, store, balancer=balancer) as servers, contextlib.AsyncExitStack() as stack:
        call = await greeted(servers, stack)
        assert servers.proxy is not None
        servers.proxy.send_signal(reload)
        await asyncio.sleep(2.0)
        assert await talks(servers) == "caller", "new calls are answered"
        assert not call.over
        await call.say(QUESTION)
        assert await listen(call, 40.0), "and the one of before goes on"
        await call.hang_up()
        assert call.ended_by == "caller"


@pytest.mark.needs(found("nginx"), "apt-get install nginx")
async def test_a_balancer_that_does_not_look_passes_by_a_machine_that_leaves(
    tmp_path: Path, store: str
) -> None:
    async with fleet(tmp_path, store, balancer=nginx, when_full="503") as servers:
        assert await asyncio.gather(*(talks(servers) for _ in range(4))) == ["caller"] * 4
        async with contextlib.AsyncExitStack() as stack:
            first = await greeted(servers, stack)
            number = next(number for number in range(2) if servers.at(number).switchboard.live)
            board = servers.at(number).switchboard
            leaving = asyncio.create_task(servers.leave(number, 60.0, 0.0))
            await asyncio.sleep(EXPECTED_SECONDS + 0.5)
            for _ in range(4):
                async with contextlib.AsyncExitStack() as short:
                    later = await greeted(servers, short)
                    assert board.live == 1, "it has the first call alone"
                    await later.hang_up()
            assert not first.over
            assert not leaving.done()
            await first.hang_up()
        async with asyncio.timeout(20):
            await leaving


STICKY = "  balance source\n"
REPEATING = "  balance roundrobin\n  option redispatch 1\n  retries 3\n  retry-on all-retryable-errors\n"


@pytest.mark.parametrize("how", [STICKY, REPEATING], ids=["sticky", "repeating"])
async def test_calls_are_answered_whatever_the_balancer_does(tmp_path: Path, store: str, how: str) -> None:
    def balancer(folder: Path, port: int, *servers: int) -> Path:
        path = configuration(folder, port, *servers)
        text = path.read_text().replace("  balance roundrobin\n", how)
        path.write_text("".join(line for line in text.splitlines(True) if "l7-retry" not in line))
        return path

    async with fleet(tmp_path, store, balancer=balancer) as servers:
        assert await asyncio.gather(*(talks(servers) for _ in range(4))) == ["caller"] * 4


RESUMED = SPEC.replace("apology:", "resume: We were cut off., apology:") + "resume: true\n"


async def test_calls_go_on_by_the_second_balancer_when_one_dies_with_its_streams(
    tmp_path: Path, store: str
) -> None:
    async with fleet(tmp_path, store, text=RESUMED) as servers, contextlib.AsyncExitStack() as stack:
        first = servers.proxy
        assert first is not None
        calls = [await greeted(servers, stack) for _ in range(2)]
        # both listen at one address, as where a network gives each connection to one that lives
        second = await asyncio.create_subprocess_exec(*command(tmp_path / "haproxy.cfg"), stdout=DEVNULL)
        stack.push_async_callback(end, second)
        async with asyncio.timeout(30):
            while listening(servers.url) < 2:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        for process in (*children(first.pid), first.pid):
            os.kill(process, signal.SIGKILL)
        await asyncio.gather(*(goes_on_and_ends(call) for call in calls))
        with Store(store) as rows:
            async with asyncio.timeout(30):
                while not all(row["ended"] for row in rows.find(CallQuery())):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            every = list(rows.find(CallQuery()))
        assert [row["ended_by"] for row in every] == ["caller"] * 2
        for row in every:
            said = [entry["text"] for entry in row["transcript"]]
            assert said == ["Good evening.", "We were cut off.", "When are you open?", OPEN.text]


ASLEEP = "".join(line for line in PROXY.splitlines(True) if "check" not in line).replace(
    "option redispatch", "retries 0"
)
"""As a managed one that looks at its machines seldom, and asks nothing twice."""


async def test_a_stream_that_a_balancer_gives_to_a_machine_that_is_gone_is_asked_for_again(
    tmp_path: Path, store: str
) -> None:
    def balancer(folder: Path, port: int, *servers: int) -> Path:
        path = folder / "haproxy.cfg"
        lines = (f"  server m{each} 127.0.0.1:{each}\n" for each in servers)
        path.write_text(ASLEEP.format(port=port) + "".join(lines))
        return path

    async with fleet(tmp_path, store, balancer=balancer, text=RESUMED, number=3) as servers:
        await servers.leave(1, 0.0, 0.0)
        async with httpx.AsyncClient(base_url=servers.url, trust_env=False) as client:
            while (await client.get("/ready")).status_code == 200:
                pass
            await client.get("/ready")
        # the webhook comes to the first machine now, the stream to the second, the action to the third
        assert await talks(servers) == "caller"
    with Store(store) as rows:
        assert [row["ended_by"] for row in rows.find(CallQuery())] == ["caller"]


async def goes_on_and_ends(call: PhoneCall) -> None:
    await goes_on(call, 2)
    await asks(call)
    await call.hang_up()


def listening(url: str) -> int:
    """How many sockets of this machine listen at the port of ``url``."""
    wanted = f":{urlsplit(url).port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in lines)
