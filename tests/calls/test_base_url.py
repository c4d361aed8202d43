"""Whatever speaks OpenAI's protocol serves as a provider: Ollama, and any address."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, OPEN, QUESTION, open_desk

CASES = [
    ("llm", "ollama/llama3.2", {}),
    ("llm", "openai/my-model", {}),
    ("stt", "openai/whisper-large", {}),
    ("stt", "openai/my-streaming-model", {"streaming": "true"}),
    ("tts", "openai/kokoro", {}),
]


@pytest.mark.parametrize(("part", "model", "settings"), CASES)
async def test_a_part_may_be_at_another_address(
    tmp_path: Path, part: str, model: str, settings: dict[str, str]
) -> None:
    """The other address alone does the part's work."""
    hearing, voice, brain = ScriptedHearing(["Are you open?"]), ToneVoice(), ScriptedBrain([HELLO, OPEN])
    async with OpenAIServer(hearing, voice, brain) as other:
        given = {f"pipeline.{part}.{key}": value for key, value in settings.items()}
        given |= {f"pipeline.{part}.model": model, f"pipeline.{part}.base_url": other.base_url}
        answers = [] if part == "llm" else [HELLO, OPEN]
        async with open_desk(tmp_path, answers, overrides=given) as desk:
            async with desk.caller.call(desk.url) as call:
                await call.hear_greeting()
                await call.say(QUESTION)
                await call.hear_answer(silence=0.8)
            record = await desk.finished(call)
    words = "Are you open?" if part == "stt" else "When are you open?"
    assert [entry.text for entry in record.transcript] == [HELLO.text, words, OPEN.text]
    assert record.errors == []
