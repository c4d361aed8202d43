"""The output of ``agentrun bench``."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agentrun.cli.output.printable_console import PrintableConsole

if TYPE_CHECKING:
    from agentrun.simulate.bench.measure import Load
    from agentrun.simulate.bench.result import BenchResult

_ROWS = {
    "greetings": "greeting",
    "answers": "answer",
    "with_tool": "answer with a tool",
    "barge_ins": "silent after a barge-in",
}


@contextlib.contextmanager
def progress(calls: int) -> Iterator[Callable[[str, int], None]]:
    """A progress bar of calls on a terminal; the block reports its current step and how many calls ended."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=calls)

        def tell(text: str, ended: int) -> None:
            bar.update(task, description=text or None, advance=ended)

        yield tell


def show(result: BenchResult) -> None:
    """Print the table of response times, the cost, the failures and the budget."""
    console = PrintableConsole()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("ms", "1 call", f"{result.together.calls} calls, p50", "p95", "of"):
        table.add_column(name, justify="left" if name == "ms" else "right")
    alone, together = result.alone.figures.as_json(), result.together.figures.as_json()
    for key, name in _ROWS.items():
        if together[key]["count"]:
            figures = (alone[key].get("p50"), *(together[key].get(part) for part in ("p50", "p95", "count")))
            table.add_row(name, *("" if figure is None else str(figure) for figure in figures))
    console.print(table)
    for line, colour in (*_lines(result.together), *_failures(result.together)):
        console.print(line, style=colour, markup=False)
    for waited in result.budget:
        console.print(f"budget: {waited}", style="red" if waited.exceeded else "green", markup=False)


def _lines(load: Load) -> Iterator[tuple[str, str]]:
    gaps = load.figures.gaps
    longest = f", the longest {max(gaps)} ms" if gaps else ""
    yield f"gaps of 100 ms and more in the agent's sound: {len(gaps)}{longest}", "red" if gaps else ""
    if load.core_share is not None:
        yield f"the server took {load.core_share:.1%} of a core and {load.memory_mb:.1f} MB a call", ""
    if load.figures.late_ms > 100:
        yield f"this machine was busy: callers were up to {load.figures.late_ms} ms late themselves", "yellow"


def _failures(load: Load) -> Iterator[tuple[str, str]]:
    for failure, times in Counter(load.figures.failures).items():
        yield f"{times} of {load.calls} calls failed: {failure}", "red"
