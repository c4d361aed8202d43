"""Turns ``handoff:`` into a tool with which the agent passes the conversation to another agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from agentrun import spec as specs
from agentrun.call import Call
from agentrun.errors import Problem, SpecError
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.tools.build import build
from agentrun.tools.decorator import tool
from agentrun.tools.tool import Tool

NAME = "handoff"


def add(file: SpecFile, chosen: dict[str, Tool], problems: list[Problem]) -> None:
    """Add ``handoff`` to ``chosen`` when the agent has targets; one that is not there is a problem."""
    if not file.spec.handoff:
        return
    targets: dict[str, SpecFile] = {}
    for index, name in enumerate(file.spec.handoff):
        if name == file.path.stem:
            message = f"'{name}' is this agent itself"
            problems.append(file.problem(("handoff", index), message, "name another agent"))
            continue
        try:
            targets[name] = load_target(file, name)
        except SpecError as error:
            path = file.path.with_name(f"{name}.yaml")
            message, hint = f"{path} has mistakes: {error.problems[0].message}", f"agentrun check {path}"
            if not path.exists():
                message = f"there is no agent '{name}' beside this one"
                hint = closest(name, _beside(file)) or f"put its spec at {path}, or name another agent"
            problems.append(file.problem(("handoff", index), message, hint))
    if NAME in chosen:
        message = f"`handoff:` brings a tool '{NAME}', and {chosen[NAME].origin} is one too"
        problems.append(file.problem(("handoff",), message, "rename the other one"))
    if targets:
        chosen.setdefault(NAME, build(_make(targets), "agentrun"))


def load_target(file: SpecFile, name: str) -> SpecFile:
    """The spec of the agent ``name``, which stands beside ``file``; raises SpecError."""
    return specs.load(file.path.with_name(f"{name}.yaml"))


def _beside(file: SpecFile) -> Sequence[str]:
    """The names of the agents beside ``file``."""
    return [path.stem for path in file.path.parent.glob("*.yaml") if ".tests" not in path.name]


def _make(found: Mapping[str, SpecFile]) -> Callable[[Call, str, str], Awaitable[str]]:
    who = "; ".join(": ".join(filter(None, (name, each.spec.description))) for name, each in found.items())

    @tool(timeout="40s", on_interrupt="finish")
    async def handoff(call: Call, to: str, words: str) -> str:
        await call.hand_over(to, words)
        return f"You are {to} now. The caller has just been handed to you. Go on with what they want."

    handoff.__annotations__["to"] = Literal[tuple(found)]
    handoff.__doc__ = f"""Hand the caller to a colleague, who goes on with this conversation.

        The caller hears `words` first, so don't announce it yourself as well. The colleagues: {who}

        Args:
            to: Who is to go on.
            words: What the caller hears before, such as: My colleague will help you with that.
        """
    return handoff
