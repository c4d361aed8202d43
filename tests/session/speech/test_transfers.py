"""A caller is handed on by one transfer at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.errors import ToolError
from agentrun.pipeline.services.shared_resources import Resources
from tests.calls.quick import quick_call
from tests.calls.test_on_fault import Company


class Slow(Company):
    """Takes the call after a second."""

    async def transfer(self, to: str, words: str = "", language: str = "en") -> None:
        await asyncio.sleep(1)
        await super().transfer(to, words, language)


async def test_of_two_transfers_at_once_the_second_is_refused_and_the_first_is_made(tmp_path: Path) -> None:
    company = Slow("takes")
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, control=company) as call,
    ):
        line = call.session.call
        transfers = (line.transfer("+15550000001", "One moment."), line.transfer("+15550000002", "Wait."))
        first, second = await asyncio.gather(*transfers, return_exceptions=True)
    assert first is None
    assert isinstance(second, ToolError)
    assert "already" in str(second)
    assert company.dialled == [("+15550000001", "")]
    assert call.record.reason == "the agent transferred the caller"


async def test_a_transfer_that_was_refused_may_be_tried_again(tmp_path: Path) -> None:
    company = Company("refuses")
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, control=company) as call,
    ):
        for _ in range(2):
            [result] = await asyncio.gather(call.session.call.transfer("+1", ""), return_exceptions=True)
            assert str(result) == "The transfer did not work."
    assert len(company.dialled) == 2


async def test_a_transfer_that_was_given_up_is_made_all_the_same_and_a_second_one_waits_for_it(
    tmp_path: Path,
) -> None:
    company = Slow("takes")
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, control=company) as call,
    ):
        line = call.session.call
        given_up = asyncio.create_task(line.transfer("+15550000001", ""))
        await asyncio.sleep(0.5)
        given_up.cancel()
        [second] = await asyncio.gather(line.transfer("+15550000002", ""), return_exceptions=True)
        assert isinstance(second, ToolError)
        await asyncio.sleep(1)
        assert company.dialled == [("+15550000001", "")]
        await line.transfer("+15550000003", "")


@pytest.mark.parametrize("leaves_after", [0.1, 1.0])
async def test_a_call_whose_transfer_was_given_up_and_made_is_one_that_the_agent_transferred(
    tmp_path: Path, leaves_after: float
) -> None:
    company = Slow("takes")
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, control=company) as call,
    ):
        given_up = asyncio.create_task(call.session.call.transfer("+15550000001", ""))
        await asyncio.sleep(0.5)
        given_up.cancel()
        await asyncio.sleep(leaves_after)
        await call.session._disconnected()
    assert company.dialled == [("+15550000001", "")]
    assert (call.record.ended_by, call.record.reason) == ("agent", "the agent transferred the caller")


async def test_a_caller_who_hangs_up_after_a_transfer_that_was_refused_has_hung_up(tmp_path: Path) -> None:
    async with (
        Resources() as resources,
        quick_call(tmp_path, "cascaded", [], [], resources=resources, control=Company("refuses")) as call,
    ):
        await asyncio.gather(call.session.call.transfer("+1", ""), return_exceptions=True)
        await call.session._disconnected()
    assert (call.record.ended_by, call.record.reason) == ("caller", "the caller hung up")
