"""The output of ``agentrun test``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from agentrun.cli.output.printable_console import PrintableConsole

if TYPE_CHECKING:
    from agentrun.testing.results.outcome import Outcome

_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


class Screen:
    """Prints a line per test, failures in detail, and a summary."""

    def __init__(self, number: int) -> None:
        self._console = PrintableConsole(markup=True, soft_wrap=True)
        self._number = number

    def one(self, outcome: Outcome) -> None:
        """Print the result of one test."""
        colour = _COLOURS[outcome.status]
        why = f" [dim]{escape(outcome.reason)}[/]" if outcome.reason else ""
        if self._console.is_terminal:
            self._console.print(f"[{colour}]{outcome.status:7}[/] {escape(outcome.id)}{why}")
        elif outcome.status != "passed" or outcome.reason:
            self._console.print(f"{outcome.status:7} {escape(outcome.id)}{why}")

    def summary(self, outcomes: Sequence[Outcome], repeat: int) -> None:
        """Print the failures and why, the tests without a judge, and how many passed."""
        from agentrun.testing.results.report import failure_text

        for outcome in outcomes:
            if outcome.status == "failed":
                self._console.print()
                self._console.print(f"[red]{escape(outcome.id)}[/]")
                self._console.print(escape(failure_text(outcome)))
        unjudged = sum(len(outcome.unjudged) for outcome in outcomes)
        if unjudged:
            many = "criteria were" if unjudged > 1 else "criterion was"
            self._console.print(f"\n[yellow]{unjudged} {many} not judged:[/] a judge needs --live.")
        if repeat > 1:
            self._rates(outcomes)
        counts = {status: sum(o.status == status for o in outcomes) for status in _COLOURS}
        tally = ", ".join(f"[{_COLOURS[s]}]{n} {s}[/]" for s, n in counts.items() if n)
        turns, seconds = sum(o.turns for o in outcomes), sum(o.seconds for o in outcomes)
        self._console.print(f"\n{tally}; {turns} turns in {seconds:.1f} s")

    def _rates(self, outcomes: Sequence[Outcome]) -> None:
        from agentrun.testing.results.report import interval

        self._console.print("\npass rates, with their 95 % confidence intervals:")
        for name in dict.fromkeys(outcome.id for outcome in outcomes):
            runs = [outcome for outcome in outcomes if outcome.id == name and outcome.status != "skipped"]
            passed = sum(outcome.status == "passed" for outcome in runs)
            low, high = interval(passed, len(runs))
            rate = f"{passed}/{len(runs)}"
            self._console.print(f"  {rate:>7}  {low:4.0%} to {high:4.0%}  {escape(name)}")
