"""Several workers on one port: they share limits and tokens, and one that dies takes its own calls alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from agentrun.records.store.store import CUT_OFF, CallQuery, Store
from agentrun.server.auth.start_tokens import StartTokens, make
from agentrun.server.shared_state.sql import SqlBackend
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.stream_tokens import StreamTokens
from agentrun.simulate.caller import Caller, PhoneCall
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, OPEN, QUESTION, listen
from tests.cli.serve_process import SPEC, Serving, serve, serving
from tests.server.browser.board import OFFER, offer

MOST_CALLS = 8


def records_of(folder: Path) -> str:
    """Where the workers keep their records."""
    return f"sqlite:///{folder / 'calls.sqlite3'}"


@contextlib.asynccontextmanager
async def two_workers(folder: Path, limits: str = "{}") -> AsyncIterator[tuple[Serving, str]]:
    """The supervisor of two workers, both of which answer, and their address."""
    spec = folder / "desk.yaml"
    spec.write_text(f"{SPEC}limits: {limits}\n")
    hearing = ScriptedHearing(["When are you open?"] * MOST_CALLS)
    async with OpenAIServer(hearing, ToneVoice(), ScriptedBrain([HELLO] * MOST_CALLS + [OPEN] * 4)) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        options = ("--workers", "2", "--drain", "0s", "--records", records_of(folder))
        async with serving(spec, given, *options) as (process, url):
            await workers(url, 2)
            yield process, url


async def workers(url: str, number: int, seconds: float = 60.0) -> dict[int, int]:
    """The calls of each worker by its process, once ``number`` of them answer."""
    found: dict[int, int] = {}
    async with asyncio.timeout(seconds):
        while len(found) < number:
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                    told = (await client.get("/health")).json()
                    found[told["process"]] = told["calls"]
            await asyncio.sleep(0.05)
    return found


async def is_connected(client: httpx.AsyncClient, number: int) -> bool:
    """Whether a call is let in."""
    answer = await client.post("/desk/twilio/voice", data={"CallSid": f"CA{number}", "From": "+12025550143"})
    assert answer.status_code == 200
    return "<Connect>" in answer.text


async def test_a_burst_gets_as_many_places_as_there_are_over_both(tmp_path: Path) -> None:
    async with two_workers(tmp_path, "{calls: 5}") as (process, url):
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            answers = await asyncio.gather(*(is_connected(client, number) for number in range(50)))
        assert sum(answers) == 5
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0


async def test_a_worker_that_is_killed_takes_its_calls_alone_and_is_replaced(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as (process, url), contextlib.AsyncExitStack() as stack:
        calls: list[tuple[int, PhoneCall]] = []
        while len(calls) < MOST_CALLS and 0 in (await workers(url, 2)).values():
            before = await workers(url, 2)
            call = await stack.enter_async_context(Caller().call(f"{url}/desk"))
            await call.hear_greeting()
            after = await workers(url, 2)
            calls.append((next(pid for pid in after if after[pid] > before[pid]), call))
        victim = calls[0][0]
        spared = [call for pid, call in calls if pid != victim]
        assert spared, "both have a call"
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(5):
            await calls[0][1].until(lambda: calls[0][1].over)
        await spared[0].say(QUESTION)
        assert await listen(spared[0])
        new = await workers(url, 2, 15)
        assert victim not in new
        lost = {call.call_sid for pid, call in calls if pid == victim}
        async with asyncio.timeout(60):
            while closed(tmp_path) != lost:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_what_belongs_to_a_browsers_call_may_come_to_any_worker(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as (_, url):
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
            name = (await client.post(OFFER, json=await offer())).json()["pc_id"]
        reached: set[int] = set()
        while len(reached) < 2:
            # a new connection each time, so that either worker may get it
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
                process = (await client.get("/health")).json()["process"]
                if process in reached:
                    continue
                reached.add(process)
                late = await client.patch(OFFER, json={"pc_id": name, "candidates": []})
                assert late.status_code == 200
                again = await client.post(OFFER, json={**await offer(), "pc_id": name, "restart_pc": True})
                assert (again.status_code, again.json()["type"]) == (200, "answer")
        assert sum((await workers(url, 2)).values()) == 1


def closed(folder: Path) -> set[str]:
    """The calls that were closed for a process that was killed."""
    with Store(records_of(folder)) as store:
        return {row["id"] for row in store.find(CallQuery()) if row["reason"] == CUT_OFF}


async def test_any_worker_tells_of_the_calls_of_all(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as (_, url):
        for _ in range(4):
            async with Caller().call(f"{url}/desk") as call:
                await call.hear_greeting()
        async with asyncio.timeout(20):
            while await ended(url) != {4.0}:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.1)
        served = {line.split()[0] for line in await scraped(url) if line.startswith("agentrun_calls_active")}
        assert served == {'agentrun_calls_active{agent="desk"}'}


async def scraped(url: str) -> list[str]:
    """The metrics that one worker gives, whichever answers."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return (await client.get("/metrics")).text.splitlines()


async def ended(url: str) -> set[float]:
    """How many calls have ended in the ways that any did, as ten answers say."""
    lines = [line for _ in range(10) for line in await scraped(url)]
    return {float(line.split()[-1]) for line in lines if line.startswith("agentrun_calls_total")} - {0.0}


async def test_workers_take_offers_as_one_process_does_and_place_calls_where_twilio_reaches_them(
    tmp_path: Path,
) -> None:
    async with two_workers(tmp_path) as (_, url), httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.post("/desk/browser/offer", json={})).status_code == 400
        # calls are placed by any worker, but not by a server that Twilio can't reach
        dialled = await client.post("/desk/twilio/dial", json={"to": "+12025550143"})
        assert dialled.status_code == 503


def test_a_mistake_in_a_spec_ends_all_workers_with_its_code(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    done = serve(missing, "--port", "0", "--workers", "2", OPENAI_API_KEY="k")
    assert done.returncode == 1
    assert f"{missing}" in done.stderr
    assert "Traceback" not in done.stderr


async def test_workers_without_their_supervisor_go(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as (process, url):
        pids = await workers(url, 2)
        process.kill()
        async with asyncio.timeout(15):
            while any(is_running(pid) for pid in pids):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.1)


def is_running(pid: int) -> bool:
    """Whether a process is there, and not merely waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_token_of_one_worker_is_used_up_by_another(tmp_path: Path) -> None:
    backends = [SqlBackend(f"sqlite:///{tmp_path}/shared.sqlite") for _ in range(2)]
    states = [SharedState(backend) for backend in backends]
    one, two = (StreamTokens([b"k" * 32], use=state.use) for state in states)
    token = one.mint("desk", "CA1", "+1", "+2")
    assert await two.redeem(token, "desk", "CA1") is not None
    assert await one.redeem(token, "desk", "CA1") is None
    start = make("k", "desk")
    first, second = (StartTokens("k", use=state.use) for state in states)
    assert await first.admit(start, "desk")
    assert not await second.admit(start, "desk")
    for backend in backends:
        backend.close()
