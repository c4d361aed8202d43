"""The output of ``agentrun chat``: the words as they arrive, tool calls, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import click
from rich.markup import escape

from agentrun.cli.output.printable_console import PrintableConsole
from agentrun.printable import as_json

if TYPE_CHECKING:
    from agentrun.records import Entry
    from agentrun.server.calls.text_conversation import TurnReport

_LONGEST = 200


class ChatScreen(Protocol):
    """Shows a text conversation; one method for each event."""

    def tool_started(self, name: str, arguments: Mapping[str, Any]) -> None: ...
    def tool_ended(self, entry: Entry) -> None: ...
    def words(self, piece: str) -> None: ...
    def answer_ended(self) -> None: ...

    def begun(self, name: str, *, offline: bool) -> None:
        """The agent is there."""

    def ask(self) -> None:
        """It is the caller's turn."""

    def thinking(self) -> None:
        """It is the agent's turn."""

    def farewell(self) -> None:
        """The caller has gone."""

    def turn_ended(self, report: TurnReport) -> None:
        """An answer is complete."""


class JsonScreen:
    """Prints one JSON object per turn, and nothing else."""

    def tool_started(self, name: str, arguments: Mapping[str, Any]) -> None:
        """It is in the turn's object."""

    def tool_ended(self, entry: Entry) -> None:
        """It is in the turn's object."""

    def words(self, piece: str) -> None:
        """They are in the turn's object."""

    def answer_ended(self) -> None:
        """The turn may go on with a tool."""

    def begun(self, name: str, *, offline: bool) -> None:
        """The first turn says it."""

    def ask(self) -> None:
        """Whoever writes the lines knows."""

    def thinking(self) -> None:
        """The next object says it."""

    def farewell(self) -> None:
        """The end of the lines says it."""

    def turn_ended(self, report: TurnReport) -> None:
        """One line."""
        click.echo(as_json(report.as_json()))


class TerminalScreen:
    """Rich on a terminal, plain elsewhere."""

    def __init__(self) -> None:
        self._console = PrintableConsole(markup=True)
        self._status = self._console.status("")
        self._agent = "agent"
        self._open = False

    def begun(self, name: str, *, offline: bool) -> None:
        self._agent = name
        if offline:
            self._console.print(
                "[yellow]Offline:[/] there is no language model; answers are rehearsed from the spec's "
                "tests and the tools' descriptions."
            )
        if self._console.is_terminal:
            self._console.print("[dim]Write a line and press Enter. Ctrl-D hangs up.[/]")

    def ask(self) -> None:
        if self._console.is_terminal:
            self._console.print("[bold green]you:[/] ", end="")

    def thinking(self) -> None:
        self._wait(f"{self._agent} is thinking …")

    def tool_started(self, name: str, arguments: Mapping[str, Any]) -> None:
        self._end_line()
        text = ", ".join(f"{key}={json.dumps(value, default=str)}" for key, value in arguments.items())
        self._console.print(f"  [cyan]tool[/] {escape(name)}({escape(_short(text))})")
        self._wait(f"{name} is running …")

    def tool_ended(self, entry: Entry) -> None:
        self._end_line()
        self._status.stop()
        colour = "green" if entry.status == "ok" else "red"
        self._console.print(
            f"  [{colour}]{escape(entry.status)}[/] after {entry.seconds:.1f} s: "
            f"[dim]{escape(_short(entry.text))}[/]",
            soft_wrap=True,
        )
        self.thinking()

    def words(self, piece: str) -> None:
        self._status.stop()
        if not self._open:
            self._open = True
            self._console.print(f"[bold blue]{escape(self._agent)}:[/] ", end="")
        self._console.print(escape(piece), end="", soft_wrap=True)

    def answer_ended(self) -> None:
        self._end_line()

    def farewell(self) -> None:
        """The caller has gone: the prompt's line is done."""
        if self._console.is_terminal:
            self._console.print()

    def turn_ended(self, report: TurnReport) -> None:
        self._end_line()
        self._status.stop()
        if report.first_word is not None and report.caller is not None:
            self._console.print(f"  [dim]first word after {report.first_word * 1000:.0f} ms[/]")

    def _wait(self, text: str) -> None:
        if self._console.is_terminal:
            self._status.update(escape(text))
            self._status.start()

    def _end_line(self) -> None:
        if self._open:
            self._open = False
            self._console.print()


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
