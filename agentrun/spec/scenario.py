"""``tests:`` in a spec: conversations that must go well.

The format is that of Pipecat's evals; ``llm`` and ``tools`` of a turn are agentrun's own.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from agentrun.spec.parts import SpecModel, Text, list_of_one


class Move(SpecModel):
    """What the model does at a turn: says something, or calls a tool."""

    say: Text | None = None
    call: Text | None = None
    args: dict[str, Any] = {}

    @model_validator(mode="after")
    def _one_of_both(self) -> Move:
        if (self.say is None) == (self.call is None):
            raise ValueError("write either `say:` or `call:`")
        return self


class ExpectedCall(SpecModel):
    """A tool call that must happen; ``args`` is compared as a subset."""

    name: Text
    args: dict[str, Any] = {}


class Expectation(SpecModel):
    """What must happen after a turn."""

    event: Text
    text_contains: Annotated[tuple[str, ...], list_of_one] = ()
    text_excludes: Annotated[tuple[str, ...], list_of_one] = ()
    calls: tuple[ExpectedCall, ...] = ()
    within_ms: int | None = Field(default=None, gt=0)
    eval: str | None = None
    absent: bool = False


class Turn(SpecModel):
    """One turn: what the caller says, what the model does, what must follow."""

    user: Text | None = None
    dtmf: Text | None = None
    llm: Annotated[tuple[Move, ...], list_of_one] = Field(default=(), description="What the model does here.")
    tools: dict[str, Any] = Field(default={}, description="Results to give instead of calling the tools.")
    expect: tuple[Expectation, ...] = ()


class Scenario(SpecModel):
    """One conversation."""

    name: Text
    turns: tuple[Turn, ...] = Field(min_length=1)
