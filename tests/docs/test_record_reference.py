"""``docs/reference/records.md`` says of each field of a record where it comes from, and names no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agentrun.records import CallRecord, Dropped, Entry, Failover, KeyPress, Turn
from agentrun.records.entries import Part, own_fields

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "records.md"
SECTIONS: dict[str, CallRecord | Part] = {
    "The record": CallRecord("1", "desk", "local"),
    "An entry of `transcript`": Entry(0.0, "agent", "Hello."),
    "A turn of `turns`": Turn(0.0, 1.0, {}),
    "A key press of `keypad`": KeyPress(0.0, "1"),
    "A text of `dropped`": Dropped(0.0, "caller", "[noise]", "it is in brackets"),
    "A failover of `failovers`": Failover(0.0, "llm", "b", "a"),
}
_ROW = re.compile(r"^\| `(\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def section(title: str) -> str:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"## {title}\n")
    assert rest, f"there is no section '{title}'"
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("title", SECTIONS)
def test_the_table_has_every_field_in_its_order_and_no_other(title: str) -> None:
    part = SECTIONS[title]
    if isinstance(part, CallRecord):
        fields = list(part.as_json())
    else:
        fields = [each.name for each in own_fields(type(part))]
    rows = _ROW.findall(section(title))
    assert [name for name, _, _ in rows] == fields
    assert all(origin.strip() and exact.strip() for _, origin, exact in rows)
