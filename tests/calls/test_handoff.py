"""An agent passes the conversation to a colleague, and the colleague may pass it back."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from agentrun.pipeline import handoff as pipeline_handoff
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.session import call_control
from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, calls, quick_call
from tests.spec.check_spec import complaints

BILLING = """
name: billing
description: Knows every invoice.
transport: twilio
pipeline:
  style: {style}
  tts: {{model: openai/gpt-4o-mini-tts, voice: coral}}
  llm: openai/gpt-4o-mini
  realtime:
    model: openai/gpt-4o-realtime-preview
    turn_detection: {{type: server, silence: 200ms}}
    voice: {voice}
prompts: You do the invoices of {{{{ call.agent }}}}.
handoff: desk
tools: [invoices]
"""
PLUGIN = '''
from agentrun import hookimpl

def find_invoice(number: int) -> str:
    """Find an invoice."""
    return f"invoice {number} is paid"

@hookimpl
def agentrun_tools():
    return [find_invoice]
'''
MINE, BACK = Answer("This is billing. Which invoice?"), Answer("This is the desk again.")


def prepare(folder: Path, style: str, voice: str = "marin") -> None:
    """A colleague beside the desk."""
    (folder / "plugins").mkdir(parents=True)
    (folder / "plugins" / "invoices.py").write_text(PLUGIN)
    (folder / "billing.yaml").write_text(BILLING.format(style=style, voice=voice))


def offered(call: QuickCall) -> set[str]:
    """The tools that the model was given last."""
    return {tool.get("function", tool)["name"] for tool in call.brain.asked[-1].tools}


@pytest.mark.parametrize("style", STYLES)
async def test_a_colleague_goes_on_with_prompt_and_tools_and_hands_back(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    prepare(tmp_path, style)
    words = [Answer("One moment.")] if style == "realtime" else []
    script = [
        *(calls("handoff", to="billing", words="One moment."), *words, MINE),
        *(calls("find_invoice", number=7), Answer("It is paid.")),
        *(calls("handoff", to="desk", words=""), BACK),
    ]
    async with quick_call(
        tmp_path, style, [], script, resources=resources, more="handoff: billing\n"
    ) as call:
        assert style == "cascaded" or offered(call) == {"handoff"}
        await call.say("About my invoice.")
        await call.said("One moment.")
        await call.said(MINE.text)
        assert offered(call) == {"handoff", "find_invoice"}
        told = str(call.brain.asked[-1].messages)
        assert "You do the invoices of desk." in told
        assert "You answer for a restaurant." not in told
        assert "About my invoice." in told or style == "realtime"
        await call.say("Number 7.")
        await call.said("It is paid.")
        assert "invoice 7 is paid" in str(call.tool_results())
        await call.say("And a table.")
        await call.said(BACK.text)
        assert offered(call) == {"handoff"}
        assert "You answer for a restaurant." in str(call.brain.asked[-1].messages)
        call.brain.assert_complete()
    assert [entry.name for entry in call.record.transcript if entry.who == "tool"] == [
        "handoff",
        "find_invoice",
        "handoff",
    ]


async def test_a_colleague_speaks_with_its_own_voice_and_model(tmp_path: Path, resources: Resources) -> None:
    prepare(tmp_path, "cascaded")
    script = [calls("handoff", to="billing", words=""), MINE]
    async with quick_call(
        tmp_path, "cascaded", [], script, resources=resources, more="handoff: billing\n"
    ) as call:
        await call.say("About my invoice.")
        await call.said(MINE.text)
        assert call.voice.voices[0] != "coral"
        assert call.voice.voices[-1] == "coral"
        assert call.brain.asked[-1].model == "gpt-4o-mini"


async def test_a_realtime_colleague_speaks_with_its_own_voice(tmp_path: Path, resources: Resources) -> None:
    prepare(tmp_path, "realtime", "cedar")
    script = [calls("handoff", to="billing", words=""), MINE, Answer("It is.")]
    async with quick_call(
        tmp_path, "realtime", [], script, resources=resources, more="handoff: billing\n"
    ) as call:
        await call.say("About my invoice.")
        await call.said(MINE.text)
        assert call.voice.voices[-1] == "cedar"
        await call.say("Is it?")
        await call.said("It is.")
        assert offered(call) == {"handoff", "find_invoice"}
        assert call.record.errors == []


async def test_a_handoff_that_the_caller_speaks_into_is_made_whole(
    tmp_path: Path, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "cascaded")
    billing = tmp_path / "billing.yaml"
    own = "prompts: {system: You do the invoices., wait: I am looking., repeat: Once more please.}"
    billing.write_text(re.sub("prompts: .*", own, billing.read_text()))
    go_on_as, busy = pipeline_handoff.go_on_as, asyncio.Event()

    async def slow(*given: Any) -> None:
        busy.set()
        await asyncio.sleep(1.5)
        await go_on_as(*given)

    monkeypatch.setattr(pipeline_handoff, "go_on_as", slow)
    script = [calls("handoff", to="billing", words=""), MINE, MINE]
    async with quick_call(
        tmp_path, "cascaded", [], script, resources=resources, more="handoff: billing\n"
    ) as call:
        await call.say("About my invoice.")
        await asyncio.wait_for(busy.wait(), 10)
        await call.say("Are you there?")
        await call.until(lambda: call.tool_ended)
        [ended] = [entry for entry in call.record.transcript if entry.who == "tool"]
        assert ended.status == "ok"
        # the desk may have answered what was asked meanwhile; the colleague goes on after it
        await call.until(lambda: offered(call) == {"handoff", "find_invoice"})
        await call.said(MINE.text)
        assert call.session.line.wait_words == "I am looking."
        assert call.session.parts.remedies.repeat == "Once more please."


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("handoff: billing", "handoff: biling"), "there is no agent 'biling' beside this one"),
        (("", ""), "'billing' is realtime, and 'desk' is cascaded"),
    ],
)
def test_a_colleague_that_cannot_go_on_is_a_mistake(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    prepare(tmp_path, "realtime")
    path = tmp_path / "desk.yaml"
    path.write_text("transport: twilio\nprompts: Be kind.\nhandoff: billing\n".replace(*change))
    assert complaint in complaints(path)
    assert "desk.yaml:3:" in complaints(path)


async def test_a_colleague_is_silent_and_late_in_its_own_words(
    tmp_path: Path, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said without the model is the colleague's: for a tool that takes long, and in silence."""
    monkeypatch.setattr(call_control, "WAIT_WORDS_SECONDS", 0.5)
    prepare(tmp_path, "cascaded")
    path = tmp_path / "billing.yaml"
    own = "prompts: {system: You do invoices., wait: 'Einen Moment, bitte.'}"
    own += "\nturns: {idle: {after: 1s, say: Sind Sie da?}}"
    path.write_text(path.read_text().replace("prompts: You do the invoices of {{ call.agent }}.", own))
    slow = PLUGIN.replace("def find", "async def find")
    slow = slow.replace("    return f", "    await asyncio.sleep(2)\n    return f")
    (tmp_path / "plugins" / "invoices.py").write_text("import asyncio\n" + slow)
    script = [
        *(calls("handoff", to="billing", words=""), MINE),
        *(calls("find_invoice", number=7), Answer("It is paid.")),
    ]
    more = "handoff: billing\n"
    async with quick_call(tmp_path, "cascaded", [], script, resources=resources, more=more) as call:
        await call.say("About my invoice.")
        await call.until(lambda: MINE.text in " ".join(call.agent_words))
        await call.say("Number seven.")
        await call.until(lambda: "Sind Sie da?" in call.voice.spoken, 20)
    assert "Einen Moment, bitte." in call.voice.spoken
    assert "One moment, please." not in call.voice.spoken
