"""Checks a test's expectations against a telephone call: its record, and what the caller heard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentrun.records import Entry
from agentrun.records.redaction import number_words
from agentrun.spec.models.scenarios import Expectation, ExpectedCall
from agentrun.testing.results.same_values import same

SAME_WORDS = 0.4
"""The share of the answer's words that must be heard: 8 kHz and a small Whisper lose names and numbers."""
_SPOKEN = ("response", "tts_response", "llm_response")
_ANSWERED = ("llm_started", "bot_started_speaking", "bot_stopped_speaking")
_ASKED = (
    "user_started_speaking",
    "user_stopped_speaking",
    "vad_user_started_speaking",
    "vad_user_stopped_speaking",
)


@dataclass(frozen=True)
class HeardAnswers:
    """One turn of a call: the record's entries, the words that were heard, and the wait for them in ms.

    ``steps`` are the functions that the model was made to call, those of a flow that run nothing among them.
    """

    entries: tuple[Entry, ...]
    words: str
    asked: bool
    first_sound_ms: float | None = None
    interrupted: bool = False
    steps: frozenset[str] = frozenset()


def problem(expectation: Expectation, heard: HeardAnswers) -> tuple[str, str] | None:
    """Why ``expectation`` is not met, as its kind and in words; None when it is.

    >>> heard = HeardAnswers((Entry(1.0, "agent", "Duke won."),), "duke won", asked=True)
    >>> problem(Expectation(event="response", text_contains="Gonzaga"), heard)
    ('text_mismatch', "'Duke won.' does not contain 'Gonzaga'")
    """
    if expectation.absent:
        return _unexpected(expectation, heard)
    trouble = _problem(expectation, heard)
    if trouble is None and expectation.within_ms and expectation.event in (*_SPOKEN, *_ANSWERED):
        wait = heard.first_sound_ms
        if wait is None or wait > expectation.within_ms:
            return "timeout", f"the first sound came after {wait or 0:.0f} ms"
    return trouble


def _unexpected(expectation: Expectation, heard: HeardAnswers) -> tuple[str, str] | None:
    """What must not be: words of the agent count however little of them was heard."""
    trouble = _problem(expectation, heard)
    if trouble and trouble[0] == "error":
        return trouble
    spoke = expectation.event in _SPOKEN and any(entry.who == "agent" for entry in heard.entries)
    return ("unexpected_event", f"there was a {expectation.event}") if spoke or not trouble else None


def _problem(expectation: Expectation, heard: HeardAnswers) -> tuple[str, str] | None:
    event = expectation.event
    if event in _SPOKEN:
        return _answer(expectation, heard)
    if event in ("function_call", "function_call_stopped"):
        return _calls(expectation, heard)
    if event == "user_transcription":
        return _text(expectation, " ".join(e.text for e in heard.entries if e.who == "caller"))
    happened = {
        "bot_interrupted": heard.interrupted or any(e.interrupted for e in heard.entries),
        **dict.fromkeys(_ANSWERED, heard.first_sound_ms is not None),
        **dict.fromkeys(_ASKED, heard.asked),
    }
    if event not in happened:
        return "error", f"a {event} can't be heard over the telephone: give the test `depth: text`"
    return None if happened[event] else ("timeout", f"there was no {event}")


def _answer(expectation: Expectation, heard: HeardAnswers) -> tuple[str, str] | None:
    answer = " ".join(entry.text for entry in heard.entries if entry.who == "agent")
    if not answer:
        return "timeout", "the agent said nothing"
    if not heard.words:
        return "no_content", f"the agent said {answer!r}, and nothing was heard"
    if same_words(answer, heard.words) < SAME_WORDS and not heard.interrupted:
        return "text_mismatch", f"the agent said {answer!r}, and the caller heard {heard.words!r}"
    return _text(expectation, answer)


def _text(expectation: Expectation, said: str) -> tuple[str, str] | None:
    if not said:
        return "timeout", f"there was no {expectation.event}"
    if expectation.text_contains and expectation.text_contains not in said:
        return "text_mismatch", f"{said!r} does not contain {expectation.text_contains!r}"
    if expectation.text_excludes and expectation.text_excludes in said:
        return "text_present", f"{said!r} contains {expectation.text_excludes!r}"
    return None


def _calls(expectation: Expectation, heard: HeardAnswers) -> tuple[str, str] | None:
    calls = [e for e in heard.entries if e.who == "tool"]
    steps = heard.steps
    if expectation.event == "function_call_stopped":
        calls, steps = [e for e in calls if e.status in ("cancelled", "timeout")], frozenset()
    expected_calls = expectation.calls
    if not expected_calls and expectation.name:
        expected_calls = (ExpectedCall(name=expectation.name, args=expectation.args or {}),)
    if not expected_calls:
        return None if calls or steps else ("missing_function_call", "no tool was called")
    for call in expected_calls:
        if call.name in steps:
            continue
        matches = [entry for entry in calls if entry.name == call.name]
        if not matches:
            called = ", ".join([*(entry.name for entry in calls), *sorted(steps)]) or "none"
            return "missing_function_call", f"'{call.name}' was not called; called were: {called}"
        if not any(_within(call.args, entry.arguments) for entry in matches):
            saw = [entry.arguments for entry in matches]
            return "function_args_mismatch", f"no '{call.name}' call had args {call.args} (saw {saw})"
    return None


def _within(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return all(key in given and same(given[key], value) for key, value in wanted.items())


def same_words(said: str, heard: str) -> float:
    """The share of the words of ``said`` that were heard; a number is the same in words and in figures.

    >>> same_words("Hello, this is the desk.", "hello this is a test")
    0.6
    >>> same_words("Nine to five.", "9 to 5")
    1.0
    """
    words, there = _words(said), set(_words(heard))
    return sum(word in there for word in words) / len(words) if words else 1.0


def _words(text: str) -> list[str]:
    return [number_words.digits_of(word) or word for word in re.findall(r"\w+", text.lower())]
