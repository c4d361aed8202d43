"""Every record reaches its webhook, whatever becomes of the receiver and of the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx
import pytest
import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from agentrun.plan.webhook import Webhook
from agentrun.records.store.store import Store
from agentrun.records.webhook.outbox import GIVE_UP_SECONDS, Message, Outbox
from agentrun.server.records.webhook_delivery import (
    LEAST_PAUSE,
    QUIET_SECONDS,
    Deliverer,
    pause_after,
)
from agentrun.testing import virtual_time
from tests.calls.desk import until
from tests.log_lines import log_lines
from tests.records.store.stored_calls import call
from tests.server.records.receiver import KEY, Receiver


@contextlib.asynccontextmanager
async def delivering(
    store: Store, receiver: Receiver, number: int = 1, **options: Any
) -> AsyncIterator[list[Deliverer]]:
    """So many deliverers of one store, as in the workers of a server."""
    options = {"pause": lambda _age: 0.05, "timeout": 5.0, **options}
    webhook = Webhook(receiver.url, (KEY,))
    async with httpx.AsyncClient(trust_env=False) as client:
        made = [Deliverer(store.outbox, client, lambda: {"desk": webhook}, **options) for _ in range(number)]
        tasks = [asyncio.create_task(one.run()) for one in made]
        try:
            yield made
        finally:
            for one in made:
                one.stop()
            await asyncio.gather(*tasks)
            await asyncio.gather(*(one.close() for one in made))


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is looked for twenty times a second: the order of tries is tested, and not their wait."""
    monkeypatch.setattr("agentrun.server.records.webhook_delivery.POLL_SECONDS", 0.05)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as found:
        yield found


@pytest.fixture
def logs() -> Iterator[list[str]]:
    with log_lines("DEBUG") as lines:
        yield lines


def save(store: Store, *names: str) -> None:
    store.save([call(name).as_json() for name in names], "one", {"desk"})


async def test_a_record_arrives_signed_and_once(store: Store) -> None:
    receiver = Receiver()
    async with receiver.up(), delivering(store, receiver):
        save(store, "CA1", "CA2")
        await until(lambda: len(receiver.taken) == 2, 20)
        await until(lambda: store.outbox.waiting(["desk"]) == {"desk": 0}, 20)
    assert receiver.taken["CA1"] == store.get("CA1")
    assert receiver.faults == []
    assert set(receiver.tries.values()) == {1}


async def test_a_receiver_that_was_down_gets_everything_once_it_is_back(store: Store) -> None:
    receiver = Receiver()
    async with receiver.up():
        pass
    async with delivering(store, receiver) as [deliverer]:
        failed: list[str] = []
        deliverer.on_result(lambda _agent, result: failed.append(result))
        save(store, *(f"CA{number}" for number in range(20)))
        await until(lambda: failed.count("failed") >= 20, 30)
        assert receiver.taken == {}
        async with receiver.up():
            await until(lambda: len(receiver.taken) == 20, 30)
            await until(lambda: store.outbox.waiting(["desk"]) == {"desk": 0}, 20)


@pytest.mark.parametrize("status", [500, 429, 404, 302, 410])
async def test_any_answer_but_a_good_one_is_tried_again_under_the_same_id(store: Store, status: int) -> None:
    receiver, statuses = Receiver(), iter([status, status, 204])

    def answer(_: object) -> Response:
        code = next(statuses)
        return RedirectResponse(receiver.url, 302) if code == 302 else Response(status_code=code)

    receiver.answer = answer
    async with receiver.up(), delivering(store, receiver):
        save(store, "CA1")
        await until(lambda: receiver.taken, 20)
    assert list(receiver.tries.values()) == [3]
    assert [len(bodies) for bodies in receiver.bodies.values()] == [1]


async def test_a_receiver_that_hangs_is_left_and_tried_again(store: Store) -> None:
    receiver = Receiver(seconds=30.0)
    async with receiver.up(), delivering(store, receiver, timeout=0.3):
        save(store, "CA1")
        await until(lambda: sum(receiver.tries.values()) >= 2, 20)
        receiver.seconds = 0.0
        await until(lambda: receiver.taken, 20)
    assert len(receiver.tries) == 1


async def test_many_deliverers_never_send_one_record_at_the_same_time(store: Store) -> None:
    receiver = Receiver(seconds=0.05)
    names = [f"CA{number}" for number in range(40)]
    async with receiver.up(), delivering(store, receiver, 4):
        save(store, *names)
        await until(lambda: len(receiver.taken) == 40, 40)
    assert receiver.most_at_once == 1
    assert receiver.deliveries == dict.fromkeys(names, 1)


async def test_one_agents_hanging_receiver_holds_up_no_other(store: Store) -> None:
    hanging, good = Receiver(seconds=30.0), Receiver()
    async with hanging.up(), good.up(), httpx.AsyncClient(trust_env=False) as client:
        webhooks = {"desk": Webhook(hanging.url, (KEY,)), "other": Webhook(good.url, (KEY,))}
        deliverer = Deliverer(store.outbox, client, lambda: webhooks, timeout=20)
        running = asyncio.create_task(deliverer.run())
        rows = [call(f"CA{number}", agent).as_json() for agent in webhooks for number in range(9)]
        store.save(rows, "one", set(webhooks))
        await until(lambda: len(good.taken) == 9, 15)
        assert len(hanging.tries) <= 4
        for task in asyncio.all_tasks():
            if task.get_name().startswith("webhook"):
                task.cancel()
        deliverer.stop()
        await running


async def test_a_try_that_is_cut_off_is_anybodys_at_once(store: Store) -> None:
    receiver = Receiver(seconds=30.0)
    async with receiver.up(), delivering(store, receiver, timeout=20):
        save(store, "CA1")
        await until(lambda: receiver.tries, 20)
        for task in asyncio.all_tasks():
            if task.get_name().startswith("webhook"):
                task.cancel()
        receiver.seconds = 0.0
        await until(lambda: receiver.taken, 20)


async def test_a_record_that_is_too_old_is_given_up_and_said_so(store: Store, logs: list[str]) -> None:
    receiver = Receiver(answer=lambda _: Response("who are you, +15551234567?", 500))
    async with receiver.up(), delivering(store, receiver) as [deliverer]:
        results: list[str] = []
        deliverer.on_result(lambda _agent, result: results.append(result))
        save(store, "CA1")
        with store._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE outbox SET created = '2026-01-01T00:00:00+00:00'")
        await until(lambda: "given up" in results, 20)
    said = "".join(logs)
    assert "call CA1: its record did not reach 127.0.0.1: it answered 500" in said
    assert "it is not tried again" in said
    for secret in ("token=", "part-of-the-address", "who are you"):
        assert secret not in said


def test_the_pauses_grow_and_five_minutes_without_a_receiver_cost_little() -> None:
    age, pauses = 0.0, []
    while age < GIVE_UP_SECONDS:
        pauses.append(pause_after(age))
        age += pauses[-1]
    assert pauses[0] == LEAST_PAUSE
    assert pauses == sorted(pauses)
    assert pause_after(300) <= 75
    assert len(pauses) < 150


def test_where_no_agent_has_a_webhook_the_store_is_left_alone() -> None:
    """A webhook that an edited spec brings is found all the same."""
    webhooks: dict[str, Webhook] = {}
    asked: list[float] = []

    class Asked:
        def claim(self, *_: object) -> list[Message]:
            return []

        def waiting(self, agents: list[str]) -> dict[str, int]:
            asked.append(1)
            return dict.fromkeys(agents, 0)

    async def main() -> tuple[int, int]:
        async with httpx.AsyncClient() as client:
            deliverer = Deliverer(cast(Outbox, Asked()), client, lambda: webhooks)
            running = asyncio.create_task(deliverer.run())
            await asyncio.sleep(60)
            before = len(asked)
            webhooks["desk"] = cast(Webhook, None)
            await asyncio.sleep(QUIET_SECONDS + 1)
            deliverer.stop()
            await running
            return before, len(asked)

    before, after = virtual_time.run(main())
    assert before == 0
    assert after > 0


async def test_a_host_that_cannot_be_written_is_a_try_that_failed(store: Store) -> None:
    """IDNA refuses it with a UnicodeError, which is none of the client's errors."""
    results: list[str] = []
    webhook = Webhook(f"http://{'a' * 64}.example/", (KEY,))
    async with httpx.AsyncClient(trust_env=False) as client:
        deliverer = Deliverer(store.outbox, client, lambda: {"desk": webhook})
        deliverer.on_result(lambda _agent, result: results.append(result))
        save(store, "CA1")
        await deliverer.close()
    assert results[:1] == ["failed"]
    with store._engine.begin() as connection:
        assert connection.execute(sa.text("SELECT claim, tries FROM outbox")).one()[0] == "", "it is claimed"
