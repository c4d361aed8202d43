"""What a caller hears of each fault of a provider: data for the test, and for the page that lists it."""

from __future__ import annotations

from tests.calls.fault_rows import combined, fallback, language_model, line, realtime, speech, tool
from tests.calls.fault_rows.row import ANSWER_SECONDS, NOTHING, Row

ROWS: tuple[Row, ...] = (
    *(*speech.ROWS, *language_model.ROWS, *realtime.ROWS),
    *(*tool.ROWS, *line.ROWS, *fallback.ROWS, *combined.ROWS),
)


def _part(row: Row) -> str:
    how = ", with a `fallback`" if row.fallback else ", `streaming`" if row.streaming else ""
    return f"{row.part}{how}"


def page() -> str:
    """The table for people, in Markdown."""
    lines = [
        "# Faults, and what a caller hears of them",
        "",
        "Each row is a test: an agent with one service a part, unless the row names a `fallback`, and "
        f"`limits.answer: {ANSWER_SECONDS:g}s`. No silence is longer than `limits.answer` and 4 s; the "
        "longest one of each row is bounded by its column.",
        "",
        "| part | fault | moment | the caller hears | silence, at most | the call | the record names |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        fate = "goes on" if row.goes_on else "ends after it"
        named = f"`{row.record}`" if row.record else ""
        silence = "" if row.hears == NOTHING else f"{row.within:g} s"
        cells = (_part(row), row.name, row.moment, row.hears, silence, fate, named)
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "`the question again` is `prompts.repeat`, `the apology` is `prompts.apology`, heard in full. "
        "A tool that works in silence is bridged with `prompts.wait`. "
        "Why in this order: [What happens when a provider fails](../explanation/failures.md).",
    ]
    return "\n".join(lines) + "\n"
