"""A model, a voice, a language and interruptions of a node: in both styles, on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls.quick import QuickCall, Talk, calls, played

ASK, DESEA, BACK = Answer("What do you want?"), Answer("What do you want, in Spanish?"), Answer("Back again.")
FLOW = """
flow:
  initial_node: desk
  nodes:
    desk:
      task_messages: Find out what they want.
      functions: [{name: spanish, transition_only: true, description: Spanish., transition_to: spanish}]
    spanish:
      task_messages: Ask in Spanish.
      CHANGES
      functions: [{name: back, transition_only: true, description: Back., transition_to: desk}]
"""
THERE_AND_BACK = [calls("spanish"), DESEA, calls("back"), BACK]
AGENT = [
    ("pipeline.tts", "{{model: openai/gpt-4o-mini-tts, voice: ash}}"),
    ("pipeline.llm", "{{model: openai/gpt-4o, temperature: 0.7}}"),
]


def play(
    folder: Path,
    style: str,
    answers: Sequence[Answer],
    conversation: Talk,
    changes: str,
    **options: Any,
) -> QuickCall:
    """A call on the virtual clock whose second node has ``changes``, as it is when it has ended."""
    more = options.pop("more", FLOW).replace("CHANGES", changes)
    return played(folder, style, [], answers, conversation, more=more, **options)


async def there_and_back(call: QuickCall) -> None:
    await call.say("Espanol.")
    await call.said(DESEA.text)
    await call.say("English.")
    await call.said(BACK.text)


def asked(call: QuickCall, route: str, key: str) -> list[Any]:
    """What the requests of a service had at ``key``, in order."""
    return [request.body.get(key) for request in call.openai.requests if request.route == route]


def test_a_voice_lasts_for_its_node(tmp_path: Path) -> None:
    changes = "tts: {voice: coral, speed: 1.5}"
    call = play(tmp_path, "cascaded", THERE_AND_BACK, there_and_back, changes, overrides=AGENT)
    assert call.voice.voices == ["ash", "coral", "ash"]
    assert asked(call, "speech", "speed") == [None, 1.5, None]
    assert call.record.errors == []


def test_a_model_lasts_for_its_node_and_is_what_the_record_counts(tmp_path: Path) -> None:
    changes = "llm: {model: openai/gpt-4o-mini, temperature: 0.1}"
    call = play(tmp_path, "cascaded", THERE_AND_BACK, there_and_back, changes, overrides=AGENT)
    assert [one.model for one in call.brain.asked] == ["gpt-4o", "gpt-4o-mini", "gpt-4o-mini", "gpt-4o"]
    assert asked(call, "chat", "temperature") == [0.7, 0.1, 0.1, 0.7]
    assert {"llm openai/gpt-4o", "llm openai/gpt-4o-mini"} <= set(call.record.usage)
    assert all("You answer for a restaurant." in str(one.messages) for one in call.brain.asked)


def test_a_setting_that_the_agent_does_not_have_is_gone_behind_the_node(tmp_path: Path) -> None:
    call = play(tmp_path, "cascaded", THERE_AND_BACK, there_and_back, "llm: {temperature: 0.1}")
    assert asked(call, "chat", "temperature") == [None, 0.1, 0.1, None]


def test_a_caller_is_heard_in_the_nodes_language(tmp_path: Path) -> None:
    languages: list[Any] = []

    async def conversation(call: QuickCall) -> None:
        stt: Any = call.session.parts.pipeline.services[0]
        for words in (DESEA, BACK):
            await call.say("Go on.")
            await call.said(words.text)
            languages.append(stt.settings.language)

    call = play(
        *(tmp_path, "cascaded", THERE_AND_BACK, conversation, "stt: {language: es}"),
        overrides=[("pipeline.stt", "{{model: openai/whisper-1, language: en}}")],
    )
    assert languages == ["es", "en"]
    assert call.record.errors == []


def test_words_without_the_model_are_said_in_their_nodes_voice(tmp_path: Path) -> None:
    more = FLOW.replace("task_messages: Ask in Spanish.", "say: Un momento.\n      then: desk").split(
        "      functions: [{name: back"
    )[0]
    call = play(
        *(tmp_path, "cascaded", [calls("spanish"), BACK], one_turn, "tts: {voice: coral}"),
        more=more,
        overrides=AGENT,
    )
    assert list(zip(call.voice.spoken, call.voice.voices, strict=True)) == [
        ("Hello.", "ash"),
        ("Un momento.", "coral"),
        (BACK.text, "ash"),
    ]


async def one_turn(call: QuickCall) -> None:
    await call.say("Espanol.")
    await call.said(BACK.text)


def test_prepared_words_are_not_said_in_another_voice(tmp_path: Path) -> None:
    changes = "tts: {voice: coral}"

    async def conversation(call: QuickCall) -> None:
        resources = call.session.parts.pipeline.tts
        assert resources is not None
        plan = call.session._plan.tts
        assert plan is not None
        tts: Any = resources
        tts._ready.keep(plan, DESEA.text, b"\0\20\0\360" * 2_400)
        tts._ready.keep(plan, BACK.text, b"\0\20\0\360" * 2_400)
        await there_and_back(call)

    call = play(tmp_path, "cascaded", THERE_AND_BACK, conversation, changes, overrides=AGENT)
    assert call.voice.spoken == ["Hello.", DESEA.text]
    assert call.voice.voices == ["ash", "coral"]


@pytest.mark.parametrize("node", [True, False])
def test_a_node_says_whether_its_words_can_be_interrupted(tmp_path: Path, node: bool) -> None:
    long = Answer("Here are some words in Spanish that take quite a while to say to their end.")

    async def conversation(call: QuickCall) -> None:
        await call.say("Espanol.")
        await call.until(lambda: call.speaking and len(call.brain.asked) > 1)
        await call.say("Stop.")
        await call.said("Very well.")

    answers = [calls("spanish"), long, Answer("Very well.")]
    changes = f"interruptions: {str(node).lower()}"
    turns = f"interruptions: {str(not node).lower()}"
    call = play(tmp_path, "cascaded", answers, conversation, changes, turns=turns)
    assert (long.text in call.agent_words) is not node


def test_nobody_is_listened_to_during_words_that_can_t_be_interrupted(tmp_path: Path) -> None:
    notice = "This is a notice that takes quite a while to say to its end."
    more = FLOW.replace("task_messages: Ask in Spanish.", f"say: {notice}\n      then: desk").split(
        "      functions: [{name: back"
    )[0]

    async def conversation(call: QuickCall) -> None:
        await call.say("Espanol.")
        await call.until(lambda: call.speaking and len(call.voice.spoken) > 1)
        await asyncio.sleep(0.2)
        await call.say("Stop.")
        await call.said(BACK.text)

    answers = [calls("spanish"), BACK]
    call = play(tmp_path, "cascaded", answers, conversation, "interruptions: false", more=more)
    assert call.agent_words == ["Hello.", notice, BACK.text]
    assert "Stop." not in str(call.brain.asked[-1].messages)
    call.brain.assert_complete()


def test_a_realtime_session_speaks_faster_at_a_node(tmp_path: Path) -> None:
    speeds: list[Any] = []

    async def conversation(call: QuickCall) -> None:
        llm: Any = call.session.parts.pipeline.llm
        for words in (DESEA, BACK):
            await call.say("Go on.")
            await call.said(words.text)
            speeds.append(llm.settings.session_properties.audio.output.speed)

    call = play(tmp_path, "realtime", THERE_AND_BACK, conversation, "realtime: {speed: 1.4}")
    assert speeds == [1.4, None]
    assert call.record.errors == []
    assert "You answer for a restaurant." in str(call.brain.asked[-1].messages)
