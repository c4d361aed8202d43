"""Keys are kept while somebody collects them, and are what they were before afterwards, however that ends."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import InputDTMFFrame

from agentrun.records import CallRecord
from agentrun.session.speech.dtmf import MOST_PRESSES, DtmfKeys


class Worker:
    """Hands frames to whoever asked for them."""

    def __init__(self) -> None:
        self.handler: Any = None

    def add_reached_downstream_filter(self, _kinds: object) -> None:
        pass

    def add_event_handler(self, _event: str, handler: object) -> None:
        self.handler = handler

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.handler(self, InputDTMFFrame(button=KeypadEntry(key)))


@pytest.fixture
def line() -> tuple[Worker, DtmfKeys, CallRecord]:
    worker, record = Worker(), CallRecord("desk", "1", "cascaded", "twilio")
    return worker, DtmfKeys(cast(Any, worker), record), record


async def test_keys_are_a_menu_s_again_after_a_question_that_was_cut_off(
    line: tuple[Worker, DtmfKeys, CallRecord],
) -> None:
    worker, keypad, record = line

    async def ask() -> str:
        with keypad.kept() as keys:
            await asyncio.Event().wait()  # the words of the question
            return await keys.collect(4, "#", 5)

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    await worker.press("1")
    asking.cancel()
    await asyncio.wait([asking])
    assert [each.keys for each in record.keypad] == ["1"], "nobody was given it"
    await worker.press("20")
    assert [each.keys for each in record.keypad] == ["120"]


async def test_keys_pressed_during_the_words_count_and_no_more_than_a_bound_wait(
    line: tuple[Worker, DtmfKeys, CallRecord],
) -> None:
    worker, keypad, record = line
    with keypad.kept() as keys:
        await worker.press("12" * MOST_PRESSES)
        assert await keys.collect(4, "#", 5) == "1212"
        assert len(await keys.collect(1000, "#", 0.01)) == MOST_PRESSES - 4
    assert record.keypad == []


@pytest.mark.parametrize(
    ("keys", "left"), [("1234#", ""), ("1234#5", "5"), ("1234##", "#"), ("12345#", "5#")]
)
async def test_the_key_that_ends_an_entry_is_of_it_also_when_the_entry_was_whole_without_it(
    line: tuple[Worker, DtmfKeys, CallRecord], keys: str, left: str
) -> None:
    worker, keypad, record = line
    with keypad.kept() as kept:
        await worker.press(keys[:4])
        assert await kept.collect(4, "#", 5) == "1234"
    await worker.press(keys[4:])
    assert "".join(each.keys for each in record.keypad) == left


async def test_a_key_long_after_an_entry_is_one_of_its_own(
    line: tuple[Worker, DtmfKeys, CallRecord],
) -> None:
    worker, keypad, record = line
    with keypad.kept() as kept:
        await worker.press("1234")
        assert await kept.collect(4, "#", 0.001) == "1234"
    await asyncio.sleep(0.01)
    await worker.press("#")
    assert [each.keys for each in record.keypad] == ["#"]


async def test_keys_are_a_menu_s_again_after_two_tools_that_kept_them_at_once(
    line: tuple[Worker, DtmfKeys, CallRecord],
) -> None:
    worker, keypad, record = line
    ends = [asyncio.Event(), asyncio.Event()]

    async def keep(end: asyncio.Event) -> str:
        with keypad.kept() as keys:
            await end.wait()
            return await keys.collect(1, "#", 0.01)

    tools = [asyncio.create_task(keep(end)) for end in ends]
    await asyncio.sleep(0)
    await worker.press("1")
    ends[0].set()
    assert await tools[0] == "", "the keys are the last one's that asked for them"
    ends[1].set()
    assert await tools[1] == "1"
    await worker.press("23")
    assert [each.keys for each in record.keypad] == ["23"]


async def test_a_line_that_beeps_without_an_end_fills_no_record(
    line: tuple[Worker, DtmfKeys, CallRecord],
) -> None:
    worker, _, record = line
    await worker.press("1" * (3 * MOST_PRESSES))
    assert [each.keys for each in record.keypad] == ["1" * MOST_PRESSES]
