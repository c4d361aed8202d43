"""A spec of Deepgram, Anthropic and Cartesia checks clean, and else says what is missing."""

from __future__ import annotations

from pathlib import Path

from agentrun import spec
from agentrun.plan import plan as planning

SPEC = """
transport: twilio
pipeline:
  stt: {model: deepgram/nova-3, smart_format: true}
  llm: {model: anthropic/claude-sonnet-4-5, temperature: 0.3, fallback: [openai/gpt-4o-mini]}
  tts: {model: cartesia/sonic-3, voice: 71a7ad14-091c-4e8e-a314-022ece01c121}
prompts: You answer the telephone of a shop.
"""
NAMES = ("DEEPGRAM_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "CARTESIA_API_KEY")


def plan(folder: Path, *names: str) -> planning.Plan:
    path = folder / "shop.yaml"
    path.write_text(SPEC)
    return planning.make(spec.load(path), (), dict.fromkeys(names, "key"))


def test_with_their_variables_they_are_ready(tmp_path: Path) -> None:
    found = plan(tmp_path, *NAMES)
    assert (found.warnings, found.missing, found.uninstalled) == ((), (), ())
    found.require_keys()


def test_each_unset_variable_is_told_where_it_is_asked_for(tmp_path: Path) -> None:
    told = {w.message.split()[0]: (w.line, w.hint.partition(" before")[0]) for w in plan(tmp_path).warnings}
    assert set(told) == set(NAMES)
    assert told["DEEPGRAM_API_KEY"] == (4, "export DEEPGRAM_API_KEY=…")
    assert told["CARTESIA_API_KEY"] == (6, "export CARTESIA_API_KEY=…")


def test_no_other_providers_key_is_asked_for(tmp_path: Path) -> None:
    assert plan(tmp_path, "OPENAI_API_KEY").missing == (NAMES[0], NAMES[1], NAMES[3])
