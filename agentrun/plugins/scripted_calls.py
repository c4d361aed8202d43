"""Checks the tools and values in a spec's tests: unknown names, and arguments that never fit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from agentrun.errors import Problem, ToolError
from agentrun.spec.checks.in_tests import values
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.scenarios import Expectation, Move, Turn
from agentrun.tools.mcp import absent
from agentrun.tools.tool import Tool

LOOK_UP = "before_call"
"""Under a turn's ``tools:`` it is the answer of the look-up before the call, which no model calls."""
Known = dict[str, Collection[str] | None]
"""What may be called, with its arguments; None where those are not known."""
_MISSING = re.compile(r"Argument '[^']+' is missing\. ?")
_AGAIN = " Call again with arguments that fit."


def check(file: SpecFile, tools: Sequence[Tool]) -> list[Problem]:
    """A problem for each tool that is not there, a warning for each argument and value that does not fit."""
    # what a server's tools take is known when it has been asked
    signatures: Known = {
        tool.name: None if tool.run is absent else list(tool.parameters.get("properties", {}))
        for tool in tools
    }
    if file.spec.flow:
        signatures |= {way.name: () for _, way in file.spec.flow.functions() if way.transition_only}
    problems: list[Problem] = []
    for t, test in enumerate(file.spec.tests):
        for n, turn in enumerate(test.turns):
            for where, name, arguments in _calls(file, turn, ("tests", t, "turns", n)):
                problems += _check(file, where, name, arguments, signatures)
            problems += _misfits(file, turn, ("tests", t, "turns", n), {tool.name: tool for tool in tools})
    return [*problems, *values.check(file)]


def _misfits(file: SpecFile, turn: Turn, where: Where, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """A warning for each call that its tool would refuse, since an argument is missing or of another type."""
    for place, name, arguments, whole in _arguments(file, turn, where):
        tool = tools.get(name)
        if tool is None or tool.check is None:
            continue
        takes = tool.parameters.get("properties", {})
        try:
            # what it does not take is told by name
            tool.check({key: value for key, value in arguments.items() if key in takes})
        except ToolError as error:
            reason = str(error).removesuffix(_AGAIN)
            if not whole or set(arguments) - set(takes):
                # what is misspelt is what is missing
                reason = _MISSING.sub("", reason).strip()
            if reason:
                hint = "write the arguments that it takes, unless the test is about its refusal"
                yield file.problem(place, f"'{name}' refuses these arguments: {reason}", hint, "warning")


def _arguments(
    file: SpecFile, turn: Turn, where: Where
) -> Iterator[tuple[Where, str, Mapping[str, Any], bool]]:
    """Where a turn has arguments of a tool, and whether they are all of them."""
    for m, move in enumerate(turn.llm):
        if move.call is not None:
            place = (*where, "llm", m, "call")
            yield place if place in file.places else (*where, "llm", "call"), move.call, move.args, True
    for e, expected in enumerate(turn.expect):
        for c, call in enumerate(expected.calls):
            yield (*where, "expect", e, "calls", c, "args"), call.name, call.args, False
        if expected.name is not None:
            yield (*where, "expect", e, "args"), expected.name, expected.args or {}, False
    for name, result in turn.tools.items():
        results = result.get("results") if isinstance(result, dict) and set(result) == {"results"} else ()
        for r, one in enumerate(results if isinstance(results, list) else ()):
            args = one.get("args") if isinstance(one, dict) else None
            if isinstance(args, dict):
                yield (*where, "tools", name, "results", r, "args"), name, args, False


def _calls(file: SpecFile, turn: Turn, where: Where) -> Iterator[tuple[Where, str, Sequence[str]]]:
    """Every call that a turn makes, answers or expects: where its name stands, it, and its arguments."""
    for m, move in enumerate(turn.llm):
        yield from _of_move(file, move, (*where, "llm", m), (*where, "llm"))
    for name in turn.tools:
        if name != LOOK_UP:
            yield (*where, "tools", name), name, ()
    for e, expected in enumerate(turn.expect):
        yield from _of_expectation(expected, (*where, "expect", e))


def _of_move(
    file: SpecFile, move: Move, where: Where, short: Where
) -> Iterator[tuple[Where, str, Sequence[str]]]:
    if move.call is not None:
        place = (*where, "call")
        yield place if place in file.places else (*short, "call"), move.call, tuple(move.args)


def _of_expectation(expected: Expectation, where: Where) -> Iterator[tuple[Where, str, Sequence[str]]]:
    if expected.absent:
        return
    for c, call in enumerate(expected.calls):
        yield (*where, "calls", c, "name"), call.name, tuple(call.args)
    if expected.name is not None:
        yield (*where, "name"), expected.name, tuple(expected.args or ())


def _check(
    file: SpecFile, where: Where, name: str, arguments: Sequence[str], known: Known
) -> Iterator[Problem]:
    if name not in known:
        there = f"name one of its tools: {', '.join(known)}" if known else "name it under `tools:`"
        hint = closest(name, known) or there
        if any(entry.mcp and not entry.mcp.only for entry in file.spec.tools):
            hint += "; or name those of the MCP server in `only:`, so that tests know them"
        yield file.problem(where, f"the agent has no tool '{name}'", hint)
        return
    takes = known[name]
    for argument in arguments:
        if takes is not None and argument not in takes:
            message = f"'{name}' takes no argument '{argument}'"
            hint = (
                closest(argument, takes or ()) or f"write one of: {', '.join(takes)}"
                if takes
                else "leave it out"
            )
            yield file.problem((*where[:-1], "args", argument), message, hint, "warning")
