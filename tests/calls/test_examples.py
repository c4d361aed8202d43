"""The example agents answer spoken questions, offline, in both styles, with real hearing and a real voice."""

from pathlib import Path

import pytest

from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.caller import Caller
from tests.calls.desk import CORPUS, STYLES, until

AGENTS = Path(__file__).parents[2] / "agents"


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("engines_of_all")
@pytest.mark.parametrize(
    ("name", "style"),
    [
        # each as it is, and one in the other style
        *[("ncaa", style) for style in STYLES],
        ("ncaa-realtime", "realtime"),
        ("openai-cascaded", "cascaded"),
        ("openai-realtime", "realtime"),
    ],
)
async def test_an_example_calls_the_tool_and_falls_silent_when_interrupted(name: str, style: str) -> None:
    options = Options(port=0, offline=True, style=style, overrides=(("transport", "twilio"),))
    async with running_server([AGENTS / f"{name}.yaml"], {}, options) as server:
        async with Caller().call(f"{server.url}/{name}") as call:
            await call.hear_greeting()
            await call.say(CORPUS / "02_mens_scores.wav")
            cut = await call.barge_in(CORPUS / "08_interrupt_stop.wav", after=6.0)
            await call.hear_answer()
        records = server.switchboard.records
        await until(lambda: (found := records.get(name, call.call_sid)) and found.ended, 15)
        record = records.get(name, call.call_sid)
    assert record is not None
    assert cut.speaking
    assert cut.silenced_ms is not None, "the agent spoke on"
    tools = [entry for entry in record.transcript if entry.who == "tool"]
    assert [(tool.name, tool.status) for tool in tools][:1] == [("get_mens_basketball_scores", "ok")]
    said = " ".join(entry.text for entry in record.transcript if entry.who == "agent")
    asked = next(entry.text for entry in record.transcript if entry.who == "caller")
    assert "men's college basketball scores" in asked
    assert "Duke 78, North Carolina 71" in said
    assert record.errors == []
