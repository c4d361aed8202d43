from __future__ import annotations

from agentrun.simulate.caller.results import server_record
from tests.simulate.caller.agent import ToneAgent, answering

ENDED = {"ended": "2026-01-01T00:00:00+00:00", "transcript": []}


async def test_the_record_of_a_call_is_fetched() -> None:
    async with answering(ToneAgent(records={"CA1": ENDED})) as agent:
        assert await server_record.fetch(f"{agent.url}/twilio/voice", "CA1") == ENDED


async def test_a_call_without_a_record_has_none() -> None:
    async with answering(ToneAgent(records={"CA1": {"detail": "x"}})) as agent:
        assert await server_record.fetch(f"{agent.url}/twilio/voice", "CA1") is None
        assert await server_record.fetch(f"{agent.url}/twilio/voice", "CA2") is None
    assert await server_record.fetch(f"{agent.url}/twilio/voice", "CA1") is None


async def test_a_record_that_does_not_end_is_taken_as_it_is() -> None:
    live: dict[str, object] = {"ended": None, "transcript": []}
    async with answering(ToneAgent(records={"CA1": live})) as agent:
        assert await server_record.fetch(f"{agent.url}/twilio/voice", "CA1", timeout=0.3) == live


async def test_only_this_machine_is_asked_for_records() -> None:
    assert await server_record.fetch("https://voice.example/desk/twilio/voice", "CA1") is None
