"""``tests:`` in a spec: conversations that must go well.

The format is that of Pipecat's scripted evals; ``llm`` and ``tools`` of a turn are agentrun's own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.parts import Count, Flag, SpecModel, Text, list_of_one, word

Event = Literal[
    "response",
    "llm_response",
    "tts_response",
    "llm_started",
    "llm_marker",
    "function_call",
    "function_call_stopped",
    "user_transcription",
    "user_started_speaking",
    "user_stopped_speaking",
    "vad_user_started_speaking",
    "vad_user_stopped_speaking",
    "bot_started_speaking",
    "bot_stopped_speaking",
    "bot_interrupted",
    "bot_backchannel",
    "user_backchannel",
    "image",
]
_as_text = BeforeValidator(lambda value: str(value) if type(value) is int else value)
_name = word("name")


class Move(SpecModel):
    """What the model does at a turn: says something, or calls a tool."""

    say: Text | None = None
    call: Text | None = None
    args: dict[str, Any] = Field(default={}, description="What the tool is called with.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Move:
        if (self.say is None) == (self.call is None):
            raise _wrong("write either `say:` or `call:`")
        if self.args and self.call is None:
            raise _wrong("`args:` belongs to `call:`")
        return self


class ExpectedCall(SpecModel):
    """A tool call that must happen; `args` is compared as a subset."""

    name: Text
    args: dict[str, Any] = Field(default={}, description="Arguments that the call must have.")


class Expectation(SpecModel):
    """What must happen after a turn."""

    event: Event
    within_ms: Annotated[Count | None, Field(gt=0)] = None
    text_contains: Text | None = None
    text_excludes: Text | None = None
    calls: tuple[Annotated[ExpectedCall, _name], ...] = ()
    name: Text | None = None
    args: dict[str, Any] | None = None
    eval: Text | None = None
    marker: Literal["complete", "short", "long", "incomplete"] | None = None
    marker_first: Flag | None = None
    markers: Count | None = None
    text_after: Flag | None = None
    check_from: Literal["previous", "turn_start"] = "previous"
    absent: Flag = False

    @model_validator(mode="after")
    def _absent_stands_alone(self) -> Expectation:
        besides = self.model_fields_set - {"event", "absent", "within_ms"}
        if self.absent and besides:
            raise _wrong(f"`absent: true` can't be combined with {', '.join(sorted(besides))}")
        return self


class SendAfter(SpecModel):
    """When the caller speaks: after an event, a delay, or both; so that they can interrupt."""

    event: Event | None = None
    delay_ms: Count = Field(default=0, ge=0)


class Turn(SpecModel):
    """One turn: what the caller says, what the model does, what must follow."""

    user: Text | None = None
    dtmf: Annotated[str, StringConstraints(pattern=r"^[0-9*#]+$"), _as_text] | None = None
    audio: Text | None = Field(default=None, description="A recording of what `user` says.")
    image: Text | None = None
    send_after: SendAfter | None = None
    llm: Annotated[tuple[Move, ...], list_of_one] = Field(default=(), description="What the model does here.")
    tools: dict[str, Any] = Field(default={}, description="Results to give instead of calling the tools.")
    expect: tuple[Expectation, ...] = ()

    @model_validator(mode="after")
    def _talks_or_presses(self) -> Turn:
        if self.user is not None and self.dtmf is not None:
            raise _wrong("a turn has either `user:` or `dtmf:`")
        if self.audio is not None and self.user is None:
            raise _wrong("`audio:` needs `user:`, the words of the recording")
        if self.send_after and self.user is None and self.dtmf is None:
            raise _wrong("`send_after:` needs `user:` or `dtmf:`")
        return self


class Scenario(SpecModel):
    """One conversation."""

    name: Text
    context: tuple[dict[str, Any], ...] = Field(default=(), description="Messages to begin with.")
    stop_on_failure: Flag = Field(default=True, description="Whether the first failed turn ends the test.")
    turns: tuple[Turn, ...] = Field(min_length=1)


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("together", "{message}", {"message": message})
