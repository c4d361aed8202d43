"""Reports a test's outcome: the conversation as a table, and what was expected where."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterator, Sequence
from io import StringIO
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentrun.printable import printable
from agentrun.records import Entry
from agentrun.testing.results.outcome import Outcome

_LONGEST = 400
_TABLE_WIDTH = 110
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def failure_text(outcome: Outcome) -> str:
    """Where the test stands, what was expected, and the conversation; plain text."""
    lines = [f"{outcome.place}: {outcome.name}"]
    for failure in outcome.failures:
        turn = f"turn {failure.turn}: " if failure.turn > 0 else ""
        lines.append(f"  {turn}expected {failure.expected or 'an answer'}")
        lines.append(f"    {failure.reason}")
    lines += _broken_tools(outcome)
    if not outcome.conversation:
        return "\n".join(lines)
    out = StringIO()
    Console(file=out, width=_TABLE_WIDTH, no_color=True).print(conversation(outcome.conversation))
    return printable("\n".join([*lines, out.getvalue().rstrip()]))


def _broken_tools(outcome: Outcome) -> Iterator[str]:
    """How to see why a tool failed: the model, and so the conversation, is told that it did."""
    for entry in outcome.conversation:
        if entry.who == "tool" and entry.status == "failed":
            arguments = json.dumps(entry.arguments, default=str)
            words = shlex.join(["agentrun", "tools", "call", outcome.spec, entry.name, arguments])
            yield f"  to see why {entry.name} failed: {words}"


def conversation(entries: Sequence[Entry]) -> Table:
    """Who said what and when; tools with what they were given and gave."""
    table = Table("s", "who", "what", box=None, pad_edge=False, header_style="bold")
    for entry in entries:
        table.add_row(f"{entry.at:.2f}", entry.who, Text(_words(entry)))
    return table


def _words(entry: Entry) -> str:
    if entry.who != "tool":
        return entry.text + (" [cut]" if entry.interrupted else "")
    arguments = ", ".join(f"{key}={json.dumps(value, default=str)}" for key, value in entry.arguments.items())
    text = f"{entry.name}({arguments}) {entry.status}: {entry.text}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def junit(outcomes: Sequence[Outcome]) -> str:
    """JUnit's XML, as continuous integration reads it."""
    suite = ElementTree.Element(
        "testsuite",
        name="agentrun",
        tests=str(len(outcomes)),
        failures=str(sum(o.status == "failed" and not _is_error(o) for o in outcomes)),
        errors=str(sum(map(_is_error, outcomes))),
        skipped=str(sum(o.status == "skipped" for o in outcomes)),
        time=f"{sum(o.seconds for o in outcomes):.3f}",
    )
    for outcome in outcomes:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_printable(outcome.spec),
            name=_printable(outcome.name),
            time=f"{outcome.seconds:.3f}",
        )
        file, _, line = outcome.place.rpartition(":")
        if line.isdecimal():
            case.set("file", _printable(file))
            case.set("line", line)
        if outcome.status == "failed":
            kind = "error" if _is_error(outcome) else "failure"
            failed = ElementTree.SubElement(case, kind, message=_first(outcome))
            failed.text = _printable(failure_text(outcome))
        elif outcome.status == "skipped":
            ElementTree.SubElement(case, "skipped", message=_printable(outcome.reason))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _is_error(outcome: Outcome) -> bool:
    """Whether a test failed although nothing that it expects is missing: it could not be run to its end."""
    return outcome.status == "failed" and not outcome.failures


def _first(outcome: Outcome) -> str:
    return _printable(outcome.failures[0].reason if outcome.failures else outcome.reason)


def _printable(text: str) -> str:
    """XML has no place for most control characters, for halves of pairs, and for U+FFFE and U+FFFF.

    >>> _printable("a\\x00\\ud83d b")
    'a b'
    """
    return _NOT_XML.sub("", text)


def interval(passed: int, runs: int) -> tuple[float, float]:
    """The 95 % confidence interval of a pass rate, by Wilson's score (E. B. Wilson, 1927).

    >>> [round(end, 2) for end in interval(9, 10)]
    [0.6, 0.98]
    """
    if not runs:
        return 0.0, 1.0
    z, share = 1.959964, passed / runs
    middle = share + z * z / (2 * runs)
    spread = z * math.sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    below = 1 + z * z / runs
    return max(0.0, (middle - spread) / below), min(1.0, (middle + spread) / below)
