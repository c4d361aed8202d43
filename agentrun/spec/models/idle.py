"""``idle:`` in a spec: what happens if the caller says nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Count, SpecModel, Text, word
from agentrun.spec.values.durations import Duration

MOST_STAGES = 20
SILENT = "The caller has said nothing for a while."
"""What every request of a model to speak to a silent caller begins with."""
_STILL_THERE = "Ask in one short sentence whether they are still there."
Then = Literal["hang_up", "end", "continue"]


class Idle(SpecModel):
    """What happens when the caller says nothing; `idle: 15s` is short for `idle: {after: 15s}`."""

    after: Duration = Field(default=15.0, description="How long the caller may be silent.", gt=0)
    say: Text = Field(default="Are you still there?", description="What the agent asks then.")
    times: Count = Field(default=2, ge=1, description="How often it asks.")
    then: Then = Field(default="hang_up", description="What follows; `end` is another word for `hang_up`.")
    goodbye: Text = Field(default="I will hang up now. Goodbye.", description="Said before hanging up.")


class IdleStage(SpecModel):
    """One of several stages, one after the other, while the caller says nothing."""

    after: Duration = Field(
        gt=0,
        description="How long the caller has been silent since the agent's answer; time in which the agent "
        "speaks does not count.",
        examples=["10s"],
    )
    say: Text | None = Field(default=None, description="What the agent says, word for word.")
    ask: Literal["model"] | None = Field(
        default=None, description="`model` lets the model choose the words, from the conversation so far."
    )
    instruction: Text | None = Field(
        default=None,
        description="What the model should do; by default it asks whether the caller is still there.",
        examples=["Offer to call back later."],
    )
    then: Then = Field(
        default="continue", description="Whether the call ends after the words; `end` is `hang_up`."
    )

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if self.say and self.ask:
            raise PydanticCustomError("together", "a stage has either `say` or `ask`")
        if not (self.say or self.ask) and self.then == "continue":
            raise PydanticCustomError("together", "write `say`, `ask: model` or `then: end`")
        if self.instruction and not self.ask:
            raise PydanticCustomError("together", "`instruction` needs `ask: model`")
        if self.ask and self.then != "continue":
            raise PydanticCustomError(
                "together", "the words that end a call are fixed: write `say` instead of `ask`"
            )
        return self


AnyIdle = tuple[IdleStage, ...] | Idle
"""Stages, or one question that is asked again."""
Silence = Annotated[
    Annotated[tuple[IdleStage, ...], Field(min_length=1, max_length=MOST_STAGES)] | Idle, word("after")
]
"""Either form of ``idle:``."""


@dataclass(frozen=True)
class Step:
    """What is done after ``wait`` more seconds of silence: words, a request of the model, the end."""

    wait: float
    say: str = ""
    ask: str = ""
    ends: bool = False


def step(idle: AnyIdle | None, number: int) -> Step | None:
    """The step after so many others; None where nothing more is done.

    >>> step(Idle(after="10s", times=1, then="end"), 1)
    Step(wait=10.0, say='I will hang up now. Goodbye.', ask='', ends=True)
    >>> step((IdleStage(after="10s", say="Hm?"), IdleStage(after="25s", then="end")), 1).wait
    15.0
    """
    if idle is None:
        return None
    if isinstance(idle, Idle):
        if number < idle.times:
            return Step(idle.after, idle.say)
        ends = number == idle.times and idle.then != "continue"
        return Step(idle.after, idle.goodbye, ends=True) if ends else None
    if number >= len(idle):
        return None
    stage = idle[number]
    wait = stage.after - (idle[number - 1].after if number else 0)
    ask = f"{SILENT} {stage.instruction or _STILL_THERE}" if stage.ask else ""
    return Step(wait, stage.say or "", ask, stage.then != "continue")


def spoken(idle: AnyIdle | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The words that are said as they stand, and where below ``idle``."""
    if isinstance(idle, Idle):
        yield ("say",), idle.say
        yield ("goodbye",), idle.goodbye
    for index, stage in enumerate(idle if isinstance(idle, tuple) else ()):
        yield (index, "say"), stage.say or ""
