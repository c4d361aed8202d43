"""``tests:`` in a spec: scripted conversations with expectations.

The format is that of Pipecat's scripted evals; ``llm`` and ``tools`` of a turn are agentrun's own.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.after_call import AnalysisTest
from agentrun.spec.models.base import Count, Flag, Number, SpecModel, Text, list_of_one, word
from agentrun.spec.values.durations import Duration

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

    say: Text | None = Field(default=None, description="Words that the model says.")
    call: Text | None = Field(default=None, description="The tool that the model calls.")
    args: dict[str, Any] = Field(default={}, description="What the tool is called with.")
    after_results: Flag = Field(
        default=False,
        description="Beside `call:`, whether the model first waits for the results of the calls before it; "
        "else all come at once. Words come after results by themselves.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.say is None) == (self.call is None):
            raise _wrong("write either `say:` or `call:`")
        if self.args and self.call is None:
            raise _wrong("`args:` belongs to `call:`")
        if self.after_results and self.call is None:
            raise _wrong("`after_results:` belongs to `call:`: words come after results by themselves")
        return self


class ExpectedCall(SpecModel):
    """A tool call that must happen; `args` is compared as a subset."""

    name: Text = Field(description="The tool.")
    args: dict[str, Any] = Field(default={}, description="Arguments that the call must have.")


class Expectation(SpecModel):
    """What must happen after a turn."""

    event: Event = Field(description="What must happen; `response` is what the agent says.")
    within_ms: Annotated[Count | None, Field(gt=0)] = Field(
        default=None, description="How soon, in milliseconds; 60000 by default."
    )
    text_contains: Text | None = Field(default=None, description="What its text must contain.")
    text_excludes: Text | None = Field(default=None, description="What its text must not contain.")
    calls: tuple[Annotated[ExpectedCall, _name], ...] = Field(
        default=(), description="For `function_call`: the tools that must be called, in any order."
    )
    name: Text | None = Field(default=None, description="Short for `calls` with one tool.")
    args: dict[str, Any] | None = Field(default=None, description="The arguments of the tool at `name`.")
    eval: Text | None = Field(
        default=None, description="A criterion in words, which a judge decides; with `--live`."
    )
    marker: Literal["complete", "short", "long", "incomplete"] | None = Field(
        default=None, description="For `llm_marker`: what the marker says of the caller's turn."
    )
    marker_first: Flag | None = Field(
        default=None, description="For `llm_marker`: whether it comes before any text."
    )
    markers: Count | None = Field(default=None, description="For `llm_marker`: how many there are.")
    text_after: Flag | None = Field(default=None, description="For `llm_marker`: whether text follows it.")
    check_from: Literal["previous", "turn_start"] = Field(
        default="previous",
        description="Where it is looked for: after what was expected before it, or in the whole turn.",
    )
    absent: Flag = Field(default=False, description="Whether it must not happen, within `within_ms`.")

    @model_validator(mode="after")
    def _absent_stands_alone(self) -> Self:
        besides = self.model_fields_set - {"event", "absent", "within_ms"}
        if self.absent and besides:
            raise _wrong(f"`absent: true` can't be combined with {', '.join(sorted(besides))}")
        return self


class SendAfter(SpecModel):
    """When the caller speaks: after an event, a delay, or both; so that they can interrupt."""

    event: Event | None = Field(default=None, description="After this has happened.")
    delay_ms: Count = Field(default=0, ge=0, description="So many milliseconds later.")


class Pause(SpecModel):
    """A pause inside what the caller says."""

    pause_ms: Annotated[Count, Field(gt=0)] = Field(description="Its length, in milliseconds.")


class TurnBudget(SpecModel):
    """How long a turn may take; a test fails when it takes longer."""

    first_audio: Duration | None = Field(
        default=None, description="From the caller's last word to the first sound, or written word."
    )
    total: Duration | None = Field(
        default=None,
        description="A former limit; it has no effect.",
        json_schema_extra={"deprecated": True},
    )


class Turn(SpecModel):
    """One turn: what the caller says, what the model does, what must follow."""

    user: Text | Annotated[tuple[Text | Pause, ...], Field(min_length=1)] | None = Field(
        default=None, description="What the caller says; in a list also with pauses."
    )
    dtmf: Annotated[str, StringConstraints(pattern=r"^[0-9*#]+$"), _as_text] | None = Field(
        default=None, description="The telephone keys that the caller presses.", examples=["12#"]
    )
    audio: Text | None = Field(default=None, description="A sound file of what `user` says.")
    image: Text | None = Field(default=None, description="The file of a picture, for agents that see.")
    send_after: SendAfter | None = None
    llm: Annotated[tuple[Move, ...], list_of_one] = Field(default=(), description="What the model does here.")
    tools: dict[str, Any] = Field(
        default={},
        description="Results to give instead of calling tools; `{error: …}` refuses, `{after: 30s}` is slow, "
        "`{results: [{args: …, result: …}]}` goes by the arguments.",
    )
    extract: dict[str, Any] = Field(
        default={},
        description="What the model reads from the caller's words so far, for the fields of `extract:`.",
    )
    expect: tuple[Expectation, ...] = Field(default=(), description="What must happen then, in this order.")
    budget: TurnBudget | None = None

    @property
    def words(self) -> str | None:
        """What the caller says, without pauses."""
        if self.user is None or isinstance(self.user, str):
            return self.user
        return " ".join(part for part in self.user if isinstance(part, str))

    @model_validator(mode="after")
    def _talks_or_presses(self) -> Self:
        if self.user is not None and self.dtmf is not None:
            raise _wrong("a turn has either `user:` or `dtmf:`")
        if self.audio is not None and self.user is None:
            raise _wrong("`audio:` needs `user:`, the words of the recording")
        if self.send_after and self.user is None and self.dtmf is None:
            raise _wrong("`send_after:` needs `user:` or `dtmf:`")
        return self


class Metric(SpecModel):
    """What a simulated conversation is scored on: judged by a criterion, or measured."""

    name: Text = Field(description="What it is called in the results.")
    criterion: Text | None = Field(
        default=None, description="What every answer of the agent should be, in words; a judge decides."
    )
    min_score: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        default=None, description="The least share of answers that must be so."
    )
    measure: Literal["turns", "duration", "words", "latency", "function_calls"] | None = Field(
        default=None, description="What is measured instead of judged."
    )
    min_value: Number | None = Field(default=None, description="The least that may be measured.")
    max_value: Number | None = Field(default=None, description="The most that may be measured.")
    calls: tuple[Annotated[ExpectedCall, _name], ...] = Field(
        default=(), description="For `function_calls`: the tools that must be called, in any order."
    )


class Scenario(SpecModel):
    """One conversation: scripted in `turns`, or simulated by a `persona` with a `goal`."""

    name: Text = Field(description="The test's name; `agentrun test -k` selects by it.")
    context: tuple[dict[str, Any], ...] = Field(default=(), description="Messages to begin with.")
    stop_on_failure: Flag = Field(default=True, description="Whether the first failed turn ends the test.")
    depth: Literal["text", "audio"] | None = Field(
        default=None,
        description="Run it only in this depth: `text`, or `audio` over a simulated telephone call.",
    )
    turns: tuple[Turn, ...] = Field(default=(), description="What the caller says, turn by turn.")
    ended_by: Literal["agent", "error"] | None = Field(
        default=None, description="Who must have ended the call after the last turn."
    )
    after_call: AnalysisTest | None = Field(
        default=None, description="The analysis of the call: what the model answers, what must come of it."
    )
    variables: dict[str, Any] = Field(
        default={}, description="The values that variables of `save:` and `extract:` must have at the end."
    )
    persona: Text | None = Field(default=None, description="Who the simulated caller is and how they behave.")
    goal: Text | None = Field(default=None, description="What the simulated caller wants.")
    success: Text | None = Field(default=None, description="What counts as success, for the judge.")
    metrics: tuple[Metric, ...] = Field(default=(), description="What else the conversation is scored on.")
    max_turns: Annotated[Count, Field(gt=0)] = Field(
        default=20, description="After so many turns of the simulated caller it ends."
    )
    max_duration_s: Annotated[Count, Field(gt=0)] = Field(
        default=300, description="After so many seconds it ends."
    )
    max_silence_s: Annotated[Count, Field(gt=0)] = Field(
        default=30, description="After so many seconds in which neither side does anything it ends."
    )
    runs: Annotated[Count, Field(gt=0)] = Field(
        default=1, description="How often the simulated caller calls; each call must be a success."
    )
    simulator: dict[str, Any] | None = Field(default=None, description="The simulated caller's model.")
    user: dict[str, Any] | None = Field(default=None, description="How the caller speaks, as Pipecat has it.")
    judge: dict[str, Any] | None = Field(default=None, description="Who judges, as Pipecat has it.")

    @model_validator(mode="after")
    def _scripted_or_simulated(self) -> Self:
        if bool(self.turns) == (self.persona is not None):
            raise _wrong("a test has either `turns:` or a `persona:`")
        if self.persona and not (self.goal and self.success):
            raise _wrong("a `persona:` needs a `goal:` and a `success:`")
        if not self.persona and (self.goal or self.success or self.metrics):
            raise _wrong("`goal:`, `success:` and `metrics:` belong to a `persona:`")
        return self


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("together", "{message}", {"message": message})
