"""What `transport: daily` needs, and what of it can't stand together."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agentrun import spec
from agentrun.distribution import install_extra
from agentrun.errors import SetupError, SpecError
from agentrun.plan import daily, plan
from agentrun.plan.plan import Plan

ENVIRON = {"OPENAI_API_KEY": "k", "DAILY_API_KEY": "key-of-daily"}
GIVEN = "prompts: Hi.\ntransport: {type: daily, room_url: '${DAILY_ROOM_URL}', token: '${DAILY_TOKEN}'}\n"


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(text: str, environ: Mapping[str, str] = ENVIRON, **options: Any) -> Plan:
        path = tmp_path / "desk.yaml"
        path.write_text(text, encoding="utf-8")
        return plan.make(spec.load(path), (), environ, **options)

    return make


def test_one_word_is_enough(make: Any) -> None:
    made = make("transport: daily\nprompts: Hi.\n")
    assert made.daily.type == "daily"
    assert (made.missing, made.has_transport("daily")) == ((), True)


def test_it_may_stand_in_a_list(make: Any) -> None:
    made = make("transport: [twilio, {type: daily, bot_name: Rosa}, local]\nprompts: Hi.\n")
    assert [transport.type for transport in made.transports] == ["twilio", "daily", "local"]
    assert made.daily.bot_name == "Rosa"
    assert make("transport: [twilio, local]\nprompts: Hi.\n").daily is None


def test_a_key_that_is_not_set_is_a_warning_at_its_line_and_stops_serve(make: Any) -> None:
    made = make("prompts: Hi.\ntransport: [local, daily]\n", {"OPENAI_API_KEY": "k"})
    (warning,) = made.warnings
    assert (warning.line, warning.message) == (2, "DAILY_API_KEY is not set")
    with pytest.raises(SetupError, match="DAILY_API_KEY is not set"):
        made.require_keys()


def test_offline_no_key_is_missed(make: Any) -> None:
    assert make("transport: daily\nprompts: Hi.\n", {"OPENAI_API_KEY": "k"}, offline=True).missing == ()


def test_a_room_that_is_given_needs_no_key(make: Any) -> None:
    environ = {
        "OPENAI_API_KEY": "k",
        "DAILY_ROOM_URL": "https://example.daily.co/desk",
        "DAILY_TOKEN": "secret-token",
    }
    made = make(GIVEN, environ)
    assert (made.missing, made.daily.room_url, made.daily.token) == (
        (),
        "https://example.daily.co/desk",
        "secret-token",
    )
    assert "secret-token" not in repr(made)


def test_the_variables_of_a_room_that_is_given_are_missed_and_no_room_is_made_instead(make: Any) -> None:
    assert make(GIVEN, {"OPENAI_API_KEY": "k"}).missing == ("DAILY_ROOM_URL", "DAILY_TOKEN")
    assert make(GIVEN, {"OPENAI_API_KEY": "k"}, offline=True).daily.room_url == ""


def test_without_the_library_a_check_warns_and_nothing_is_served(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "_LIBRARY", "daily_that_is_not_installed")
    found = make("transport: daily\nprompts: Hi.\n")
    (problem,) = [one for one in found.warnings if "library" in one.message]
    assert (problem.line, problem.hint, problem.severity) == (1, install_extra("daily"), "warning")
    with pytest.raises(SetupError, match="Daily's library is not installed") as caught:
        found.require_keys()
    assert caught.value.hint == install_extra("daily")
    assert importlib.util.find_spec("daily"), "the test above says something"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("example.daily.co/desk", "https:// is missing"),
        ("https://example.daily.co", "names no room"),
        ("https://example.daily.co/", "names no room"),
        ("https://example.daily.co/a/b", "names no room"),
        ("https://example.daily.co/desk?t=x", "after ?"),
    ],
)
def test_a_room_url_that_names_no_room_is_a_problem(make: Any, url: str, words: str) -> None:
    with pytest.raises(SpecError, match=words.replace("?", r"\?")) as caught:
        make(GIVEN, {**ENVIRON, "DAILY_ROOM_URL": url, "DAILY_TOKEN": "t"})
    assert [problem.where for problem in caught.value.problems] == ["transport.room_url"]
