"""An answer that is only a number, or ends with one, is heard as every other: on a clock that jumps."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.records import CallRecord
from agentrun.simulate.engines.engines import Answer
from tests.calls.quick import QuickCall, played

SECOND_VOICE = ("pipeline.tts.fallback", "[{{model: openai/tts-1, base_url: 'http://{address}/v1'}}]")
SENTENCES = {
    "12.": ["12."],
    "How many? 12.": ["How many?", "12."],
    "There are two.\n1. Come in.\n2. Sit down.": ["There are two.", "1: Come in.", "2: Sit down."],
    "Siobhan. 12. 😊": ["shi-VAWN.", "12."],
}


def play(folder: Path, answer: str, *overrides: tuple[str, str]) -> tuple[list[str], CallRecord]:
    """What the voice was given after the greeting, and the record of the call."""
    spoken: list[str] = []

    async def talk(call: QuickCall) -> None:
        await call.say("How many?")
        await call.until(lambda: len(call.agent_words) > 1 and not call.speaking)
        spoken.extend(list(call.voice.spoken)[1:])

    more = "\npronounce: {Siobhan: shi-VAWN}\n"
    call = played(folder, "cascaded", [], [Answer(answer)], talk, more=more, overrides=overrides)
    return spoken, call.record


@pytest.mark.parametrize("answer", SENTENCES)
def test_a_number_is_said_once_and_the_caller_is_not_asked_again(tmp_path: Path, answer: str) -> None:
    spoken, record = play(tmp_path, answer)
    assert spoken == SENTENCES[answer]
    assert [entry.text for entry in record.transcript if entry.who == "agent"][1:] == [" ".join(spoken)]
    assert record.errors == []
    assert record.dropped == []


def test_it_is_said_by_a_voice_that_has_another_behind_it(tmp_path: Path) -> None:
    spoken, record = play(tmp_path, "How many? 12.", SECOND_VOICE)
    assert spoken == ["How many?", "12."]
    assert record.errors == []


def test_an_ordinal_stays_with_its_noun(tmp_path: Path) -> None:
    answer = "Wir sind im 3. Stock. Offen ist am 1. Mai. Ihre Nummer ist 12. Bis dann."
    spoken, _ = play(tmp_path, answer, ("pipeline.tts.language", "de"))
    assert spoken == [
        "Wir sind im 3. Stock.",
        "Offen ist am 1. Mai.",
        "Ihre Nummer ist 12.",
        "Bis dann.",
    ]
