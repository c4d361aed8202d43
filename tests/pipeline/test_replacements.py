"""Fails when a method of Pipecat's that agentrun replaces has moved, or is replaced in another way."""

import ast
import inspect
from importlib.util import find_spec
from pathlib import Path

import pytest
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameProcessor

import agentrun
from agentrun.pipeline.pipecat_private.line import browser_sound
from agentrun.pipeline.pipecat_private.replacements import REPLACEABLE, Replaceable, replace_method


def parameters(row: Replaceable) -> tuple[str, ...]:
    """Those of the method in Pipecat, read from its source where its module needs a library."""
    if isinstance(row.owner, type):
        return tuple(inspect.signature(getattr(row.owner, row.name)).parameters)
    module, _, name = row.owner.partition(":")
    spec = find_spec(module)
    assert spec is not None
    (owner,) = (
        each
        for each in ast.walk(ast.parse(Path(str(spec.origin)).read_text()))
        if isinstance(each, ast.ClassDef) and each.name == name
    )
    (method,) = (
        each for each in owner.body if isinstance(each, ast.AsyncFunctionDef) and each.name == row.name
    )
    return tuple(each.arg for each in method.args.args)


def row_name(row: Replaceable) -> str:
    owner = row.owner if isinstance(row.owner, str) else row.owner.__name__
    return f"{owner.partition(':')[2] or owner}.{row.name}"


@pytest.mark.parametrize("row", [*REPLACEABLE, *browser_sound.REPLACEABLE], ids=row_name)
def test_pipecat_has_the_method_and_calls_it_with_what_a_replacement_takes(row: Replaceable) -> None:
    assert parameters(row) == ("self", *row.parameters)


def test_a_replacement_is_for_one_object_alone_and_gives_what_was_there() -> None:
    one, other = IdentityFilter(), IdentityFilter()
    before = one.push_frame

    async def push_frame(*args: object) -> None:
        """Keeps everything back."""

    assert replace_method(one, "push_frame", push_frame) == before
    assert one.push_frame is push_frame
    assert isinstance(other, FrameProcessor)
    assert other.push_frame.__func__ is FrameProcessor.push_frame  # type: ignore[attr-defined]


def test_a_method_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(TypeError, match="process_frame of IdentityFilter is not among the methods"):
        replace_method(IdentityFilter(), "process_frame", print)


OTHERS = {
    "http/bounded_answers.py": ["response.stream"],
    "http/tls.py": ["connect.open_tcp_connection"],
    "pipeline/pipecat_private/connections.py": ["listen.connect", "socket.send"],
    "pipeline/pipecat_private/evals/turns.py": ["driver._run_turn"],
    "pipeline/pipecat_private/realtime/events.py": ["llm._websocket"],
    "pipeline/services/connections/event_streams.py": ["response.stream"],
    "pipeline/pipecat_private/services.py": ["service._text_aggregator", "endpoint.create"],
    "session/call_snapshot.py": ["record.snapshot"],
    "simulate/twilio/server.py": ["self._routes.place"],
}
"""Of httpx, of websockets, of OpenAI's own client, of Pipecat's tests, and what is there to be set.

Each has tests of its own.
"""
DATA = {"text", "arguments"}


def function_assignments(source: str) -> list[str]:
    """Where ``source`` puts a function within a function, or what wraps a method, on another object."""
    tree = ast.parse(source)
    functions = {
        inner.name
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if inner is not outer and isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return [
        place
        for each in ast.walk(tree)
        for place, value in _puts(each)
        if (isinstance(value, ast.Name) and value.id in functions) or _wraps(value, place)
    ]


def _puts(node: ast.AST) -> list[tuple[str, ast.expr]]:
    """What ``node`` puts on other objects than ``self``, but handlers that are there to be put."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "setattr":
        return [(f"{ast.unparse(node.args[0])}.*", node.args[2])]
    if not isinstance(node, ast.Assign):
        return []
    pairs = [
        pair
        for target in node.targets
        for pair in (
            zip(target.elts, node.value.elts, strict=True)
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            else ((target, node.value),)
        )
    ]
    return [
        (ast.unparse(target), value)
        for target, value in pairs
        if isinstance(target, ast.Attribute)
        and ast.unparse(target.value) != "self"
        and not (target.attr.startswith("on_") or target.attr in DATA)
    ]


def _wraps(value: ast.expr, place: str) -> bool:
    """Whether ``value`` is made from the method that is at ``place`` until then."""
    arguments = [ast.unparse(each) for each in value.args] if isinstance(value, ast.Call) else []
    return any(each == place or each.startswith("getattr(") for each in arguments)


def test_nothing_else_puts_a_method_in_the_place_of_another() -> None:
    root = Path(agentrun.__file__).parent
    others = {
        str(path.relative_to(root)): places
        for path in sorted(root.rglob("*.py"))
        if (places := function_assignments(path.read_text()))
    }
    assert others == OTHERS


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("def repair(service):\n async def run(): ...\n service.run_stt = run", ["service.run_stt"]),
        ("setattr(service, name, repaired(getattr(service, name), repair))", ["service.*"]),
        ("def repair(of):\n def run(): ...\n of.run_stt, of.gain = run, 2", ["of.run_stt"]),
        ("endpoint.create = counted(endpoint.create)", ["endpoint.create"]),
        ("def cost(): ...\nrecord.cost = cost()", []),
    ],
)
def test_such_a_place_is_seen(source: str, places: list[str]) -> None:
    assert function_assignments(source) == places
