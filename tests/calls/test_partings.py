"""One answer of a model calls several tools that end the call or hand it on: one of them does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, played
from tests.calls.test_handoff import MINE, prepare
from tests.calls.test_on_fault import Company

CALLS = {
    "hang_up": ToolCall("hang_up", {"goodbye": "Goodbye."}),
    "transfer": ToolCall("transfer", {"to": "billing", "words": "One moment."}),
    "handoff": ToolCall("handoff", {"to": "billing", "words": "One moment."}),
}
LEAVING = """
tools: [hang_up, {use: transfer, to: {billing: "+15557654321"}}]
handoff: billing
"""
WORDS = {"hang_up": "Goodbye.", "transfer": "One moment.", "handoff": "One moment."}


def play(folder: Path, style: str, first: str, second: str, company: Company) -> QuickCall:
    """The caller wants nothing more, and the model calls two tools at once."""
    prepare(folder, style)
    said = [Answer(WORDS[first])] if style == "realtime" else []
    script = [Answer(calls=(CALLS[first], CALLS[second])), *said, MINE]

    async def talk(call: QuickCall) -> None:
        await call.say("That was all.")
        await call.until(lambda: call.record.ended_by or MINE.text in call.agent_words)
        await asyncio.sleep(3)

    return played(folder, style, [], script, talk, more=LEAVING, control=company)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("first", "second"), [(first, second) for first in CALLS for second in CALLS])
def test_the_first_of_two_ways_to_leave_is_taken(tmp_path: Path, style: str, first: str, second: str) -> None:
    company = Company("takes")
    call = play(tmp_path, style, first, second, company)
    heard = ["Hello.", WORDS[first]] + ([MINE.text] if first == "handoff" else [])
    assert call.agent_words == heard
    statuses = {entry.name: entry.status for entry in call.record.transcript if entry.who == "tool"}
    assert first == second or statuses == {first: "ok", second: "refused"}
    assert len(company.dialled) == (first == "transfer")
    assert call.record.ended_by == ("caller" if first == "handoff" else "agent")
    assert call.record.errors == []
