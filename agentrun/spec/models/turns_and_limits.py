"""``turns:``, ``limits:`` and ``context:`` in a spec."""

from typing import Annotated, Literal

from pydantic import Field

from agentrun.spec.models.base import Count, Flag, Number, SpecModel, Text, list_of_one
from agentrun.spec.models.idle import Silence
from agentrun.spec.models.telephone_keys import Keys
from agentrun.spec.values.durations import Duration

Detection = Literal["smart", "silence", "transcription", "semantic", "server"]
Mute = Literal["greeting", "tools", "first-speech", "always"]


class Turns(SpecModel):
    """When the caller's turn begins and ends, and whether they may interrupt."""

    detection: Detection = Field(
        default="smart",
        description="What ends the caller's turn: `smart`, a model on this machine that hears it; `silence`; "
        "`transcription`, the words alone; and with a realtime model `semantic` or `server`, its own.",
    )
    silence: Duration = Field(
        default=0.6, gt=0, description="The silence that ends a turn; not with `smart`."
    )
    start: Duration | None = Field(
        default=None,
        ge=0,
        description="Speech that must be heard before a turn begins; 200 ms if it isn't set, or 130 ms of "
        "what is surely a voice.",
        examples=["300ms"],
    )
    stop: Duration = Field(default=0.2, gt=0, description="Silence after which speech counts as stopped.")
    early: Literal["all", "turn", "none"] = Field(
        default="all",
        description="What begins at a pause of 60 ms, before `stop` is over, and is dropped when the caller "
        "goes on: `all`, the judgement of `smart` and the transcription of a service that is sent whole "
        "stretches of speech; `turn`, the judgement alone, for dropped transcriptions cost money; or `none`.",
    )
    gather: Duration = Field(
        default=0.2,
        ge=0,
        le=0.4,
        description="How much of a telephone caller's sound goes to a transcription of whole stretches at a "
        "time while they neither begin, pause nor stop: every piece costs; 0 hands on 32 ms each.",
        examples=["400ms", "0s"],
    )
    confidence: Number = Field(default=0.7, ge=0, le=1, description="How sure the voice detector must be.")
    min_volume: Number = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Sound that is quieter does not count as speech; anything above 0 drops quiet "
        "telephones.",
    )
    min_words: Count = Field(default=0, ge=0, description="How many words it takes to interrupt the agent.")
    interruptions: Flag = Field(
        default=True,
        description="Whether the caller may interrupt; if not, words over an answer are answered after it.",
    )
    mute: Annotated[tuple[Mute, ...], list_of_one] = Field(
        default=(), description="When the caller is ignored."
    )
    second_opinion: Flag = Field(
        default=True,
        description="Whether speech that a realtime model does not react to is noticed on this machine, and "
        "the model connected anew, or a caller who is too quiet asked to speak up.",
    )
    idle: Silence | None = Field(
        default=None,
        description="What happens if the caller says nothing: the same each time, or a list of stages.",
        examples=["15s"],
    )
    keys: Keys | None = Field(
        default=None,
        description="Telephone keys count as turns of the caller; without it, only tools read keys.",
    )


class Limits(SpecModel):
    """Limits for each call, and for the number of calls."""

    max_duration: Duration = Field(default=1800.0, gt=0, description="The longest call.")
    warn_before: Duration = Field(
        default=30.0, ge=0, description="How long before its end the caller is told."
    )
    warning: Text = Field(default="We have half a minute left.", description="What the caller is told then.")
    goodbye: Text = Field(
        default="Our time is up. Goodbye.", description="Said at the end of the longest call."
    )
    idle_timeout: Duration = Field(
        default=300.0, gt=0, description="Silence on both sides after which the call ends."
    )
    answer: Duration = Field(
        default=6.0, gt=0, description="How long an answer may take to begin before the agent gives up."
    )
    stall: Duration | None = Field(
        default=None,
        gt=0,
        description="How long an answer that has begun may stop before the agent goes on with it, or gives "
        "up; as long as `answer` if it isn't set.",
        examples=["4s"],
    )
    ring: Annotated[Duration, Field(ge=5, le=600)] = Field(
        default=30.0,
        description="How long it rings where a caller is transferred to before nobody has answered there.",
        examples=["20s", "1m"],
    )
    tool_rounds: Count | None = Field(
        default=30,
        ge=1,
        description="How often the model may call tools, one or several at once, before the caller speaks "
        "again; then it is told to answer. `null` for no limit.",
    )
    calls: Annotated[Count, Field(ge=1)] | Literal["auto"] | None = Field(
        default=None,
        description="Concurrent calls; no limit by default, or as many as the server can carry with `auto`.",
        examples=[20, "auto"],
    )
    calls_per_caller: Count | None = Field(
        default=None, ge=1, description="Concurrent calls from one number; no limit by default."
    )
    calls_per_minute: Count | None = Field(
        default=None, ge=1, description="Calls that begin within a minute; no limit by default."
    )


class Context(SpecModel):
    """How much of a long conversation the model is given."""

    strategy: Literal["keep", "summarise", "trim"] = Field(
        default="keep", description="`keep` everything, `summarise` what is old, or `trim` it away."
    )
    max_messages: Count = Field(default=20, ge=4, description="Messages after which it is shortened.")
    max_tokens: Count = Field(
        default=8000, ge=500, description="Estimated tokens after which it is summarised."
    )
    keep_messages: Count = Field(default=4, ge=0, description="Newest messages that stay word for word.")
