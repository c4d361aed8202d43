"""The language that an agent speaks, and what `check` says of the packaged apology."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import spec
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan

SPEC = """
name: desk
transport: twilio
pipeline: {{style: {style}, {parts}}}
prompts: {{system: "{system}"}}
"""
ENGLISH, GERMAN = "You answer for a restaurant.", "Du nimmst für uns den Anruf an und bist nicht zu lang."


def plan(folder: Path, parts: str, system: str = ENGLISH, style: str = "cascaded") -> Plan:
    path = folder / "desk.yaml"
    path.write_text(SPEC.format(style=style, parts=parts, system=system))
    return planning.make(spec.load(path), [], {"OPENAI_API_KEY": "test"})


def said(made: Plan) -> list[str]:
    return [problem.message for problem in made.warnings if problem.where == "prompts.apology"]


STT = "stt: {{model: openai/gpt-4o-transcribe, language: {}}}"
ELEVEN = "tts: {{model: elevenlabs, language: {}, voice: x}}"


@pytest.mark.parametrize(
    ("parts", "system", "style", "language"),
    [
        ("llm: openai/gpt-4o", ENGLISH, "cascaded", "en"),
        ("llm: openai/gpt-4o", GERMAN, "cascaded", "de"),
        (STT.format("fr"), ENGLISH, "cascaded", "fr"),
        (STT.format("fr"), GERMAN, "cascaded", "fr"),
        (f"{STT.format('fr')}, {ELEVEN.format('nl')}", ENGLISH, "cascaded", "nl"),
        (
            "realtime: {model: openai/gpt-realtime, transcription: {language: it}}",
            ENGLISH,
            "realtime",
            "it",
        ),
    ],
)
def test_an_agent_speaks_what_its_parts_or_its_prompt_say(
    tmp_path: Path, parts: str, system: str, style: str, language: str
) -> None:
    made = plan(tmp_path, parts, system, style)
    assert made.language == language
    assert bool(said(made)) is (language != "en")


def test_the_warning_says_what_is_heard_and_what_to_do(tmp_path: Path) -> None:
    made = plan(tmp_path, STT.format("de"))
    assert said(made) == ["this agent speaks 'de', and the packaged apology is English"]
    (hint,) = [problem.hint for problem in made.warnings if problem.where == "prompts.apology"]
    assert "TWILIO_ACCOUNT_SID" in hint


WRITTEN = "apology: Ja., repeat: Ja., goodbye: Ja., busy: Ja."
TRANSFER = "tools: [{use: transfer, to: {a: '+4930123456'}}]"


@pytest.mark.parametrize(
    ("prompts", "more", "english"),
    [
        (
            "",
            "",
            "prompts.apology, prompts.repeat, prompts.goodbye, prompts.busy, limits.warning, limits.goodbye",
        ),
        (WRITTEN, "", "limits.warning, limits.goodbye"),
        (
            WRITTEN,
            f"limits: {{warn_before: 0s}}\nturns: {{idle: {{after: 9s, say: Ja?}}}}\n{TRANSFER}",
            "prompts.wait, prompts.unanswered, limits.goodbye, turns.idle.goodbye",
        ),
        (
            WRITTEN,
            "limits: {warning: Ja., goodbye: Ja.}\nhours: {zone: UTC, open: {mon: '09:00-17:00'}}",
            "hours.closed",
        ),
        (WRITTEN, "limits: {warning: Ja., goodbye: Ja.}", ""),
    ],
)
def test_words_that_are_left_in_english_are_told(
    tmp_path: Path, prompts: str, more: str, english: str
) -> None:
    path = tmp_path / "desk.yaml"
    path.write_text(f"name: desk\ntransport: twilio\nprompts: {{system: '{GERMAN}', {prompts}}}\n{more}\n")
    made = planning.make(spec.load(path), [], {"OPENAI_API_KEY": "test"})
    told = [problem.message for problem in made.warnings if problem.where == "prompts"]
    expected = f"this agent speaks 'de', and its callers hear English at {english}"
    assert told == ([expected] if english else [])
