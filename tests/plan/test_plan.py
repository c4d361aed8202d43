"""From spec, tools and environment to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrun import spec
from agentrun.call import Call
from agentrun.errors import SetupError, SpecError
from agentrun.plan import plan
from agentrun.plan.plan import Plan
from agentrun.tools.tool import Tool

BASE = "transport: local\nprompts: You are a friendly voice.\n"
KEYS = {"OPENAI_API_KEY": "key-of-the-environment"}


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(text: str, environ: Mapping[str, str] = KEYS, **options: Any) -> Plan:
        path = tmp_path / "desk.yaml"
        path.write_text(text, encoding="utf-8")
        tools = options.pop("tools", ())
        return plan.make(spec.load(path), tools, environ, **options)

    return make


@pytest.fixture
def problems(make: Any, tmp_path: Path) -> Any:
    def problems(text: str, environ: Mapping[str, str] = KEYS, **options: Any) -> list[str]:
        with pytest.raises(SpecError) as caught:
            make(text, environ, **options)
        return [f"{p.line}:{p.column} {p.where}: {p.message}" for p in caught.value.problems]

    return problems


def test_a_prompt_is_enough_for_a_cascade_of_the_usual_services(make: Any) -> None:
    made = make(BASE)
    models = (made.stt.model, made.llm.model, made.tts.model)
    assert models == ("gpt-4o-transcribe", "gpt-4o", "gpt-4o-mini-tts")
    assert made.realtime is None
    assert made.fixed == made.tts
    assert {made.stt.api_key, made.llm.api_key, made.tts.api_key} == {"key-of-the-environment"}


def test_one_word_makes_the_same_agent_realtime(make: Any) -> None:
    made = make(BASE + "pipeline: {style: realtime, tts: {voice: ash}, realtime: {voice: ballad}}\n")
    assert (made.stt, made.llm, made.tts) == (None, None, None)
    assert (made.realtime.model, made.realtime.settings) == ("gpt-realtime-2.1", {"voice": "ballad"})
    assert made.fixed.settings == {"voice": "ash"}


def test_an_audio_model_hears_by_itself(make: Any) -> None:
    made = make(BASE + "pipeline: {llm: openai/gpt-4o-audio-preview}\n")
    assert made.stt is None
    assert made.llm.model == "gpt-4o-audio-preview"


def test_the_address_of_the_environment_counts_for_every_service(make: Any) -> None:
    made = make(BASE, {**KEYS, "OPENAI_BASE_URL": "http://127.0.0.1:9100/v1"})
    assert {part.base_url for part in (made.stt, made.llm, made.tts)} == {"http://127.0.0.1:9100/v1"}


def test_key_and_address_of_the_spec_win_over_the_environment(make: Any) -> None:
    text = BASE + "pipeline: {llm: {api_key: '${OTHER}', base_url: 'http://localhost:8000/v1'}}\n"
    made = make(text, {**KEYS, "OTHER": "other-key", "OPENAI_BASE_URL": "http://127.0.0.1:9100/v1"})
    assert (made.llm.api_key, made.llm.base_url) == ("other-key", "http://localhost:8000/v1")
    assert (made.tts.api_key, made.tts.base_url) == ("key-of-the-environment", "http://127.0.0.1:9100/v1")
    assert "api_key" not in made.llm.settings


def test_offline_no_key_and_no_address_of_the_spec_is_used_or_missed(make: Any) -> None:
    text = BASE + "pipeline: {llm: {api_key: '${OTHER}', base_url: '${ELSEWHERE}'}}\n"
    environ = {"OPENAI_API_KEY": "offline", "OPENAI_BASE_URL": "http://127.0.0.1:9100/v1"}
    made = make(text, environ, offline=True)
    assert (made.llm.api_key, made.llm.base_url, made.missing) == ("offline", "http://127.0.0.1:9100/v1", ())


def test_a_plan_never_shows_its_keys(make: Any) -> None:
    assert "key-of-the-environment" not in repr(make(BASE))


def test_a_missing_key_is_a_warning_and_then_a_setup_error_that_names_it(make: Any) -> None:
    made = make(BASE, {})
    assert made.missing == ("OPENAI_API_KEY",)
    assert [w.severity for w in made.warnings] == ["warning"]
    with pytest.raises(SetupError, match=r"(?s)OPENAI_API_KEY is not set, and .*--offline"):
        made.require_keys()
    make(BASE).require_keys()


def test_an_unset_variable_is_missed_where_it_stands_and_not_replaced_by_another_key(make: Any) -> None:
    made = make(BASE + "pipeline:\n  llm:\n    api_key: ${OTHER}\n", KEYS)
    assert (made.missing, made.llm.api_key) == (("OTHER",), None)
    assert [(w.line, w.where) for w in made.warnings] == [(5, "pipeline.llm.api_key")]


def test_variables_of_the_other_style_are_not_missed(make: Any) -> None:
    assert make(BASE + "pipeline: {realtime: {base_url: '${ELSEWHERE}'}}\n").missing == ()


def test_the_other_style_is_checked_all_the_same(problems: Any) -> None:
    found = problems(BASE + "pipeline:\n  realtime: {voice: balad}\n")
    assert found[0].startswith("4:21 pipeline.realtime.voice:")


def test_a_variable_may_stand_for_a_number(make: Any) -> None:
    text = BASE + "pipeline: {tts: {speed: '${SPEED:-1.5}'}, llm: {seed: '${SEED}'}}\n"
    made = make(text, {**KEYS, "SEED": "7"})
    assert (made.tts.settings, made.llm.settings) == ({"speed": 1.5}, {"seed": 7})


def test_a_variable_with_a_bad_value_is_a_problem_of_its_place(problems: Any) -> None:
    text = BASE + "pipeline:\n  tts: {speed: '${SPEED}', voice: '${VOICE}'}\n"
    found = problems(text, {**KEYS, "SPEED": "fast", "VOICE": "nobody"})
    assert [line.split(":")[0] + line.partition(" ")[2].split(":")[0] for line in found] == [
        "4pipeline.tts.speed",
        "4pipeline.tts.voice",
    ]


def test_variables_in_inner_mappings_are_filled_in(make: Any) -> None:
    text = "pipeline: {style: realtime, realtime: {transcription: {model: '${HEARD_BY:-whisper-1}'}}}\n"
    assert make(BASE + text).realtime.settings == {"transcription": {"model": "whisper-1"}}


def test_what_only_looks_like_a_variable_is_a_problem(problems: Any) -> None:
    assert problems(BASE + "pipeline: {stt: {prompt: '${MY-WORDS}'}}\n") == [
        "3:26 pipeline.stt.prompt: '${MY-WORDS}' is not a variable"
    ]


def test_every_problem_is_told_at_once_in_the_order_of_the_file(problems: Any) -> None:
    text = "pipeline:\n  llm: {model: opnai/gpt-4o}\n  tts: {voice: nobody, speed: 9}\n"
    found = problems(f"{BASE}{text}limits: {{max_duration: 10s}}\n")
    assert [line.split(" ")[0] for line in found] == ["4:16", "5:16", "5:31", "6:9"]


@pytest.mark.parametrize(
    "url", ["voice.example.com", "ftp://x", "https://", "http://[", "https://x/?a=b", "https://a b"]
)
def test_a_public_url_that_is_no_address_is_a_problem(problems: Any, url: str) -> None:
    text = f"prompts: Hi.\ntransport:\n  type: twilio\n  public_url: '{url}'\n"
    assert [line.split(": ")[0] for line in problems(text)] == ["4:15 transport.public_url"]


def test_the_public_url_of_the_command_line_wins_and_the_specs_variable_is_not_missed(make: Any) -> None:
    text = "prompts: Hi.\ntransport: [local, {type: twilio, public_url: '${PUBLIC_URL}'}]\n"
    made = make(text, public_url="https://voice.example.com/")
    assert (made.public_url, made.transports[1].public_url, made.missing) == (
        "https://voice.example.com",
        "https://voice.example.com",
        (),
    )
    assert (
        make(text, {**KEYS, "PUBLIC_URL": "https://two.example.com"}).public_url == "https://two.example.com"
    )
    unset = make(text)
    assert (unset.public_url, unset.missing) == (None, ("PUBLIC_URL",))


def test_a_bad_public_url_of_the_command_line_is_a_problem_too(problems: Any) -> None:
    assert len(problems("prompts: Hi.\ntransport: twilio\n", public_url="nowhere")) == 1


def test_realtime_turns_come_from_the_models_own_setting_or_from_turns(make: Any) -> None:
    realtime = BASE + "pipeline: {style: realtime}\n"
    assert make(realtime).realtime.settings == {}
    assert make(realtime + "turns: {detection: server}\n").realtime.settings == {"turn_detection": "server"}
    assert make(realtime + "turns: {detection: smart}\n").realtime.settings == {"turn_detection": "local"}


def test_a_test_that_calls_a_tool_of_nobody_can_never_pass(problems: Any, make: Any) -> None:
    text = BASE + "tests:\n  - name: scores\n    turns:\n      - {user: Scores, llm: {call: get_score}}\n"
    tool = Tool("get_scores", "Get scores.", {}, "ncaa", "plugins/ncaa.py:1", _unused)
    assert problems(text, tools=[tool]) == [
        "6:36 tests[0].turns[0].llm.call: the agent has no tool 'get_score'"
    ]
    assert make(text, tools=[replace(tool, name="get_score")]).tools[0].name == "get_score"


async def _unused(call: Call, arguments: Mapping[str, Any]) -> Any:
    raise AssertionError


def test_a_fallback_is_planned_like_any_other_service(make: Any) -> None:
    other = "{model: openai/gpt-4.1, api_key: '${OTHER_KEY}', base_url: 'http://localhost:8000/v1'}"
    environ = {**KEYS, "OTHER_KEY": "key-of-the-other"}
    made = make(BASE + f"pipeline: {{llm: {{fallback: [openai/gpt-4o-mini, {other}]}}}}\n", environ)
    assert [(s.model, s.api_key, s.base_url) for s in made.llm.fallback] == [
        ("gpt-4o-mini", "key-of-the-environment", None),
        ("gpt-4.1", "key-of-the-other", "http://localhost:8000/v1"),
    ]
    assert (made.llm.model, made.llm.attempt_timeout) == ("gpt-4o", 3.0)
    assert made.stt.fallback == made.tts.fallback == ()


def test_one_fallback_needs_no_list(make: Any) -> None:
    made = make(BASE + "pipeline: {tts: {attempt_timeout: 800ms, fallback: openai/tts-1}}\n")
    assert ([other.model for other in made.tts.fallback], made.tts.attempt_timeout) == (["tts-1"], 0.8)


def test_offline_a_fallback_goes_where_the_others_go(make: Any) -> None:
    other = "{model: openai/gpt-4o, base_url: 'https://api.example.com/v1'}"
    made = make(
        BASE + f"pipeline: {{llm: {{fallback: {other}}}}}\n",
        {**KEYS, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"},
        offline=True,
    )
    assert [service.base_url for service in made.llm.fallback] == ["http://127.0.0.1:1/v1"]


def test_a_variable_that_only_a_fallback_needs_is_missed(make: Any) -> None:
    made = make(
        BASE + "pipeline: {tts: {fallback: {model: openai/tts-1, api_key: '${OTHER_KEY}'}}}\n", offline=False
    )
    assert made.missing == ("OTHER_KEY",)
