"""Cassettes: recorded against the mock server, replayed without it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.errors import SetupError
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.openai import OpenAIServer
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.testing.results.outcome import Outcome
from agentrun.testing.running import runner
from agentrun.testing.running.find_tests import cases
from agentrun.testing.running.shared_servers import Mode
from tests.testing.desk import run, write

KEY = "sk-canary-0123456789abcdef0123456789abcdef"
TESTS = """
- name: hours
  turns:
    - user: When are you open on Friday?
      llm: [{call: get_hours, args: {day: friday}}]
      expect:
        - {event: function_call, calls: [{name: get_hours}]}
        - {event: response, text_contains: six}
    - user: Thank you, goodbye.
      llm: {say: Goodbye!}
      expect: [{event: response, text_contains: Goodbye}]
"""
STYLES = ("cascaded", "realtime")


def record(path: Path, style: str) -> list[Outcome]:
    async def every() -> list[Outcome]:
        file = spec.load(path, style=style)
        async with OpenAIServer(SilentEngine(), SilentEngine(), Rehearsal([file.spec])) as provider:
            environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": provider.base_url}
            async with runner.running(environ, Mode(live=True, record=True)) as one:
                return [await one(case, "text") for case in cases(file, str(path))]

    return asyncio.run(every())


@pytest.mark.parametrize("style", STYLES)
def test_a_recorded_test_replays_without_the_provider(tmp_path: Path, style: str) -> None:
    path = write(tmp_path, TESTS)
    [recorded] = record(path, style)
    assert recorded.status == "passed", recorded.failures
    assert (tmp_path / "cassettes" / "desk" / style / "hours.json").is_file()
    for _ in range(3):
        [replayed] = run(path, style=style, mode=Mode(replay=True))
        assert replayed.status == "passed", replayed.failures
        said = [(e.who, e.text) for e in replayed.conversation]
        assert said == [(e.who, e.text) for e in recorded.conversation]


@pytest.mark.parametrize("style", STYLES)
def test_no_key_is_on_a_cassette(tmp_path: Path, style: str) -> None:
    record(write(tmp_path, TESTS), style)
    for file in (tmp_path / "cassettes").rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("style", "name", "old", "new", "said"),
    [
        ("cascaded", "desk.yaml", "system: Be brief.", "system: Be long.", "prompts.system changed"),
        ("realtime", "plugins/hours.py", "Say when", "Tell when", "the tool get_hours changed"),
    ],
)
def test_a_changed_spec_or_plugin_asks_to_be_recorded_again(
    tmp_path: Path, style: str, name: str, old: str, new: str, said: str
) -> None:
    path = write(tmp_path, TESTS.replace("[{call: get_hours, args: {day: friday}}]", "{say: From six.}"))
    record(path, style)
    changed = tmp_path / name
    changed.write_text(changed.read_text().replace(old, new))
    [outcome] = run(path, style=style, mode=Mode(replay=True))
    [failure] = outcome.failures
    assert failure.kind == "not_recorded"
    assert failure.reason == f"{said} since this was recorded: record again"


def test_other_words_of_the_caller_ask_to_be_recorded_again(tmp_path: Path) -> None:
    path = write(tmp_path, TESTS)
    record(path, "cascaded")
    write(tmp_path, TESTS.replace("on Friday?", "on Saturday?"))
    [outcome] = run(path, mode=Mode(replay=True))
    [failure] = outcome.failures
    assert "the caller's words ('When are you open on Saturday?')" in failure.reason


def test_without_a_cassette_it_says_how_to_record_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no cassette") as caught:
        run(write(tmp_path, TESTS), mode=Mode(replay=True))
    assert "--live --record -k hours" in str(caught.value)


def test_a_broken_cassette_is_no_cassette(tmp_path: Path) -> None:
    path = write(tmp_path, TESTS)
    cassette = tmp_path / "cassettes" / "desk" / "cascaded" / "hours.json"
    cassette.parent.mkdir(parents=True)
    cassette.write_text('{"version": 7}')
    with pytest.raises(SetupError, match="is not a cassette: version 7 is not 1"):
        run(path, mode=Mode(replay=True))
