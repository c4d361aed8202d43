from __future__ import annotations

import io

from rich.console import Console

from agentrun.simulate.caller.results import call_table
from agentrun.simulate.caller.results.report import Report, Turn

REPORT = Report(
    "http://127.0.0.1:1/desk/twilio/voice",
    "CA1",
    answered=True,
    turns=[
        Turn("agent", "Hello [bold]!"),
        Turn("caller", "The scores?", wav="a.wav"),
        Turn("tool", "x" * 400, name="scores", arguments={"team": "Duke"}, status="done"),
        Turn("agent", "Duke won.", first_sound_ms=812.4),
        Turn("caller", "", said="Thank you."),
        Turn("agent", "You are", interrupted=True),
    ],
    greeting_ms=250.0,
    barge_in_ms=300.0,
    ended_by="caller",
    seconds=9.0,
    gaps_ms=[40, 20],
    unheard_ms=500,
    mistakes=["binary data; messages are text"],
)


def shown(report: Report, *, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system="standard")
    call_table.show(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_away_from_a_terminal_every_turn_is_one_plain_line() -> None:
    text = shown(REPORT, terminal=False)
    lines = text.splitlines()
    assert "\x1b" not in text
    assert lines[0] == "agent             Hello [bold]!"
    assert lines[1].endswith("The scores?  a.wav")
    assert lines[2].split(maxsplit=1)[1].startswith('scores(team="Duke") done: xxx')
    assert lines[2].endswith("…")
    assert lines[3].split() == ["agent", "812", "ms", "Duke", "won."]
    assert "said “Thank you.”" in lines[4]
    assert lines[5].endswith("You are —")


def test_what_happened_besides_is_said_below() -> None:
    text = shown(REPORT, terminal=False)
    for words in (
        "greeting after 250 ms",
        "silent 300 ms after it was interrupted",
        "stuttered 2 times, 60 ms",
        "cut off 500 ms",
        "binary data",
        "ended by caller after 9.0 s",
    ):
        assert words in text


def test_a_terminal_gets_a_table_in_colours() -> None:
    text = shown(REPORT, terminal=True)
    assert "\x1b[" in text
    assert "first sound" in text
    assert "812 ms" in text


def test_a_failure_says_what_the_caller_hears_and_what_to_do() -> None:
    report = Report("http://x", failure="no agent", heard="a busy signal", hint="start it")
    assert shown(report, terminal=False).splitlines() == [
        "failed: no agent",
        "the caller hears a busy signal",
        "hint: start it",
    ]
