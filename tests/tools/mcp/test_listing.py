"""What a server lists is read within bounds; what is over one is left out by name."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from mcp.types import Tool

from agentrun.tools.mcp import client, connection, listing
from agentrun.tools.mcp.listing import MOST_TOOLS, read
from tests.calls.desk import until
from tests.tools.mcp.conftest import Desk, stdio


def listed(schema: dict[str, Any] | None = None, name: str = "order", **more: Any) -> Tool:
    """A tool as a server lists it."""
    return Tool(name=name, inputSchema=schema or {"type": "object"}, **more)


def doubling(definitions: int) -> dict[str, Any]:
    """A schema in which each definition names the next one twice."""
    names = [f"D{number}" for number in range(definitions)]
    defs: dict[str, Any] = {
        name: {"type": "object", "properties": {side: {"$ref": f"#/$defs/{after}"} for side in ("a", "b")}}
        for name, after in itertools.pairwise(names)
    }
    defs[names[-1]] = {"type": "string"}
    return {"type": "object", "properties": {"x": {"$ref": "#/$defs/D0"}}, "$defs": defs}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"x": schema}}
    return schema


OVER: dict[str, Tool] = {
    "references that double": listed(doubling(20)),
    "references that double for ever": listed(doubling(400)),
    "nesting": listed(nested(200)),
    "nesting without end": listed({"allOf": [nested(5_000)]}),
    "a wide schema": listed(
        {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(3000)}}
    ),
    "a list without end": listed({"type": "object", "enum": ["word"] * 100_000}),
    "a description without end": listed(description="word " * 10_000),
    "a definition that holds itself": listed(
        {"properties": {"x": {"$ref": "#/$defs/D"}}, "$defs": {"D": {"items": {"$ref": "#/$defs/D"}}}}
    ),
    "a reference to nowhere": listed({"properties": {"x": {"$ref": "https://example.com/x"}}}),
    "a reference that is none": listed({"properties": {"x": {"$ref": 7}}}),
    "no name for a model": listed(name="a b"),
}


@pytest.mark.parametrize("case", OVER)
def test_what_is_over_a_bound_is_left_out_at_once(case: str) -> None:
    good = listed(doubling(4), "good", description="Good.")
    began = time.process_time()
    found = read([OVER[case], good])
    assert time.process_time() - began < 2
    assert list(found.tools) == ["good"]
    assert list(found.unusable) == [OVER[case].name]
    assert len(found.unusable[OVER[case].name]) < 400


def test_a_schema_of_usual_size_is_given_whole() -> None:
    found = read([listed(doubling(8), description="Order.")]).tools["order"]
    assert "$ref" not in str(found.parameters)
    assert found.description == "Order."


def test_more_tools_than_a_model_takes_are_counted() -> None:
    found = read([listed(name=f"t{number}") for number in range(MOST_TOOLS + 5)])
    assert (len(found.tools), found.more) == (MOST_TOOLS, 5)


async def test_a_listing_is_read_once_and_not_by_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server is asked again and again, and says the same."""
    readers: list[threading.Thread] = []
    asked: list[int] = []
    real_read, real_ask = listing.read, client.tools_of

    def note(tools: Any) -> Any:
        readers.append(threading.current_thread())
        return real_read(tools)

    async def ask(session: Any) -> list[Tool]:
        asked.append(1)
        return await real_ask(session)

    monkeypatch.setattr(listing, "read", note)
    monkeypatch.setattr(client, "tools_of", ask)
    monkeypatch.setattr(connection, "REFRESH_SECONDS", 0.05)
    desk = Desk(stdio(), tmp_path)
    await desk.connect()
    await until(lambda: len(asked) >= 3, 30)
    await desk.servers.close()
    assert len(readers) == 1
    assert readers[0] is not threading.main_thread()
