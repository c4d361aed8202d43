"""Prints a call: a table on a terminal, one line per turn elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentrun.simulate.caller.results.report import Report, Turn

_MOST_CHARACTERS = 240
_COLOURS = {"caller": "cyan", "agent": "green", "tool": "magenta"}


def show(report: Report, console: Console) -> None:
    """Print what was said, how long it took, and what went wrong."""
    if report.turns:
        _show_table(report, console) if console.is_terminal else _show_lines(report, console)
    for style, line in _summary(report):
        console.print(Text(line, style if console.is_terminal else ""), soft_wrap=True)


def _show_table(report: Report, console: Console) -> None:
    table = Table("who", "words", box=None, pad_edge=False, header_style="bold")
    table.add_column("first sound", justify="right", header_style="bold")
    for turn in report.turns:
        table.add_row(Text(turn.who, _COLOURS[turn.who]), _text(turn), _wait(turn))
    console.print(table)


def _show_lines(report: Report, console: Console) -> None:
    for turn in report.turns:
        line = f"{turn.who:<7} {_wait(turn):>8}  {_text(turn).plain}"
        console.print(Text(line), soft_wrap=True)


def _wait(turn: Turn) -> str:
    return "" if turn.first_sound_ms is None else f"{turn.first_sound_ms:.0f} ms"


def _text(turn: Turn) -> Text:
    if turn.who == "tool":
        return Text(f"{turn.name}({_arguments(turn)}) {turn.status}: {_short(turn.text)}")
    if turn.who == "agent":
        return Text(turn.text + (" —" if turn.interrupted else ""))
    source = turn.wav or (f"said “{turn.said}”" if turn.said != turn.text else "")
    words = Text(turn.text or ("" if turn.said or turn.wav else "(not understood)"))
    return Text.assemble(words, "  " if turn.text and source else "", (source, "dim"))


def _arguments(turn: Turn) -> str:
    return ", ".join(f"{name}={json.dumps(value)}" for name, value in turn.arguments.items())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"


def _summary(report: Report) -> Iterator[tuple[str, str]]:
    if report.greeting_ms is not None:
        yield "dim", f"greeting after {report.greeting_ms:.0f} ms"
    if report.barge_in_ms is not None:
        yield "dim", f"silent {report.barge_in_ms:.0f} ms after it was interrupted"
    for note in (*report.notes, *report.mistakes):
        yield "yellow", f"note: {note}"
    if report.gaps_ms:
        yield (
            "yellow",
            f"note: the sound stuttered {len(report.gaps_ms)} times, {sum(report.gaps_ms)} ms in all",
        )
    if report.unheard_ms:
        yield "yellow", f"note: the end of the call cut off {report.unheard_ms} ms of the agent's sound"
    if report.ended_by:
        yield "dim", f"ended by {report.ended_by} after {report.seconds:.1f} s"
    if report.failure:
        yield "bold red", f"failed: {report.failure}"
    if report.heard:
        yield "", f"the caller hears {report.heard}"
    if report.hint:
        yield "", f"hint: {report.hint}"
