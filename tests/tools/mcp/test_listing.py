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


def variant(properties: str, required: str) -> dict[str, Any]:
    return {"properties": {name: {} for name in properties}, "required": list(required)}


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


def test_a_schema_as_servers_in_typescript_write_it_is_read() -> None:
    """A part that stands there already is referred to where it stands."""
    place = {"type": "object", "properties": {"city": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {
            "from": place,
            "to": {"$ref": "#/properties/from"},
            "town": {"$ref": "#/properties/from/properties/city", "description": "Where."},
            "size": {"$ref": "#/definitions/Size~1Kind"},
            "one": {"$ref": "#/anyOf/0/properties/list"},
        },
        "anyOf": [{"properties": {"list": {"type": "array", "items": {"type": "number"}}}}],
        "definitions": {"Size/Kind": {"enum": ["S", "L"]}},
        "$schema": "http://json-schema.org/draft-07/schema#",
    }
    found = read([listed(schema)]).tools["order"].parameters
    assert found["properties"]["to"] == place
    assert found["properties"]["town"] == {"type": "string", "description": "Where."}
    assert found["properties"]["size"] == {"enum": ["S", "L"]}
    assert found["properties"]["one"] == {"type": "array", "items": {"type": "number"}}
    assert "definitions" not in found


@pytest.mark.parametrize("reference", ["#/$defs/Filter", "#", "#/properties/where"])
def test_what_holds_itself_is_left_open_within_itself(reference: str) -> None:
    inner = {"type": "object", "properties": {"all": {"type": "array", "items": {"$ref": reference}}}}
    schema = {"type": "object", "properties": {"where": inner}, "$defs": {"Filter": inner}}
    found = read([listed(schema)])
    assert found.unusable == {}
    words = str(found.tools["order"].parameters)
    assert "$ref" not in words
    assert "{'type': 'object'}" in words


@pytest.mark.parametrize(
    ("shape", "items"),
    [
        ({"type": "array"}, {}),
        ({"type": ["array", "null"]}, {}),
        ({"type": "array", "items": True}, {}),
        ({"type": "array", "items": [{"type": "string"}, {"type": "string"}]}, {"type": "string"}),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]},
            {"anyOf": [{"type": "string"}, {"type": "number"}]},
        ),
        ({"type": "array", "items": {"type": "array"}}, {"type": "array", "items": {}}),
    ],
)
def test_of_every_list_it_is_said_what_it_holds(shape: dict[str, Any], items: dict[str, Any]) -> None:
    found = read([listed({"type": "object", "properties": {"x": shape}})]).tools["order"].parameters
    assert found["properties"]["x"]["items"] == items
    assert "prefixItems" not in found["properties"]["x"]


@pytest.mark.parametrize(
    ("schema", "properties", "required"),
    [
        ({"anyOf": [variant("ac", "ac"), variant("bc", "c")]}, "abc", "c"),
        ({"allOf": [variant("a", "a"), variant("b", "b")]}, "ab", "ab"),
        ({"properties": {"a": {}}, "required": ["a", "z"]}, "a", "a"),
        ({"properties": None, "required": None, "anyOf": None}, "", ""),
        ({"type": "string"}, "", ""),
    ],
    ids=["any", "all", "unknown", "null", "text"],
)
def test_a_model_is_given_an_object_with_the_properties_of_all_variants(
    schema: dict[str, Any], properties: str, required: str
) -> None:
    found = read([listed(schema)]).tools["order"].parameters
    assert found["type"] == "object"
    assert sorted(found["properties"]) == list(properties)
    assert sorted(found["required"]) == list(required)


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
