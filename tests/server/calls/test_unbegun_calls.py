"""A call that can't be begun is over: its caller is told so, its record says why, and nothing stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from agentrun import spec
from agentrun.call import Call
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.calls import switchboard as calls
from agentrun.server.calls.switchboard import Switchboard
from agentrun.transports.connection import Connection
from tests.calls.quick import RATE, QuickTransport
from tests.calls.test_on_fault import ON_FAULT, Company

SPEC = """
transport: twilio
prompts:
  system: Du bist die Stimme eines Restaurants, und du nimmst für die Gäste die Reservierungen auf.
  apology: Verzeihung.
"""


class Own:
    """A connection to an MCP server that is a call's own, or what is looked up for it."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class LookUp(Own):
    def close(self) -> None:  # type: ignore[override]
        self.closed = True


def made(folder: Path, more: str = "") -> Plan:
    path = folder / "desk.yaml"
    path.write_text(SPEC + more)
    return planning.make(spec.load(path), [], {"OPENAI_API_KEY": "k"})


@pytest.fixture
async def board(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Switchboard]:
    """A switchboard none of whose calls can be begun."""

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("no pipeline")

    monkeypatch.setattr(calls, "Session", broken)
    board = Switchboard({}, resources)
    yield board
    await board.close()


@pytest.fixture
async def resources() -> AsyncIterator[Resources]:
    """Models and connections of one server."""
    async with Resources() as shared:
        yield shared


def connection(company: Company | None, **more: Any) -> Connection:
    call = Call("CA1", "desk", "twilio", "+15551234567")
    return Connection(call, QuickTransport(), RATE, 24_000, control=company, **more)


async def test_the_caller_hears_the_apology_in_the_agents_language_and_the_record_is_closed(
    tmp_path: Path, board: Switchboard
) -> None:
    plan, company, own, look_up = made(tmp_path), Company("takes"), Own(), LookUp()
    told: Mapping[str, list[CallRecord]] = {"begun": [], "left": [], "ended": []}
    board.on_begin(told["begun"].append)
    board.on_leave(told["left"].append)
    board.on_end(told["ended"].append)
    board._remote.equip = lambda plan: (plan, [cast(Any, own)])  # type: ignore[method-assign]
    assert await board.admission.ask(plan, "CA1", "+15551234567") is None
    record = await board.answer(plan, connection(company, look_up=look_up))
    await asyncio.sleep(0)
    assert company.spoken == ["de: Verzeihung."]
    assert (record.ended_by, record.reason) == ("error", "the call could not be begun")
    assert record.errors == ["RuntimeError('no pipeline')"]
    assert record.ended is not None
    assert own.closed
    assert look_up.closed
    assert list(told.values()) == [[record]] * 3
    assert (board.live, board.admission.held) == (0, 0)


async def test_the_caller_is_put_through_where_the_spec_says_so(tmp_path: Path, board: Switchboard) -> None:
    company = Company("takes")
    record = await board.answer(made(tmp_path, ON_FAULT), connection(company))
    assert company.dialled == [("+15557654321", "One moment.")]
    assert company.languages == ["de"]
    assert company.spoken == []
    assert record.reason == "the call could not be begun; the caller was put through"


async def test_a_company_that_says_nothing_keeps_no_call_open(tmp_path: Path, board: Switchboard) -> None:
    company = Company("hangs")
    record = await board.answer(made(tmp_path, ON_FAULT), connection(company))
    assert company.spoken == ["de: Verzeihung."]
    assert "not_put_through: no answer in time" in record.errors


async def test_who_is_not_on_a_telephone_has_a_record_that_is_over(
    tmp_path: Path, board: Switchboard
) -> None:
    record = await board.answer(made(tmp_path), connection(None))
    await asyncio.sleep(0)
    assert record.ended is not None
    assert board.session("desk", "CA1") is None


async def test_a_call_that_is_stopped_before_its_first_step_is_over(
    tmp_path: Path, resources: Resources
) -> None:
    board = Switchboard({}, resources)
    task = board.answer(made(tmp_path), connection(None))
    board.cut()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    record = board.records.get("desk", "CA1")
    assert record is not None
    assert record.ended is not None
    await board.close()
