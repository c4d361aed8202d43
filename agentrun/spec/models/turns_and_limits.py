"""``turns:``, ``limits:`` and ``context:`` in a spec: how a conversation is conducted."""

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
    silence: Duration = Field(default=0.6, gt=0, description="The silence that ends a turn; not for `smart`.")
    start: Duration | None = Field(
        default=None,
        ge=0,
        description="Speech that must be heard before a turn begins; 200 ms if it isn't set, or 130 ms of "
        "what is surely a voice.",
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
        default=0.0, ge=0, le=1, description="Quieter sound is not speech; above 0 drops quiet telephones."
    )
    min_words: Count = Field(default=0, ge=0, description="Words that it takes to interrupt the agent.")
    interruptions: Flag = Field(
        default=True,
        description="Whether the caller may interrupt; else words over an answer are answered after it.",
    )
    mute: Annotated[tuple[Mute, ...], list_of_one] = Field(
        default=(), description="When the caller is not listened to."
    )
    second_opinion: Flag = Field(
        default=True,
        description="Whether speech that a realtime model does not react to is noticed on this machine, and "
        "the model connected anew.",
    )
    idle: Silence | None = Field(
        default=None,
        description="What happens when the caller says nothing: the same each time, or stage after stage.",
        examples=["15s"],
    )
    keys: Keys | None = Field(
        default=None,
        description="The caller's telephone keys as turns, keyed or spoken; else only tools collect them.",
    )


class Limits(SpecModel):
    """Bounds of one call, and of how many there are."""

    max_duration: Duration = Field(default=1800.0, gt=0, description="The longest call.")
    warn_before: Duration = Field(
        default=30.0, ge=0, description="How long before its end the caller is told."
    )
    warning: Text = Field(default="We have half a minute left.", description="What the caller is told then.")
    goodbye: Text = Field(default="Our time is up. Goodbye.", description="Said at the end.")
    idle_timeout: Duration = Field(
        default=300.0, gt=0, description="Silence of both sides that ends the call."
    )
    answer: Duration = Field(
        default=6.0, gt=0, description="How long an answer may take to begin before the agent gives up."
    )
    stall: Duration | None = Field(
        default=None,
        gt=0,
        description="How long an answer that has begun may stop before the agent goes on with it, or gives "
        "up; as long as `answer` if it isn't set.",
    )
    tool_rounds: Count | None = Field(
        default=30,
        ge=1,
        description="How often the model may call tools, one or several at once, until the caller speaks "
        "again; then it is told to answer. Any number with `null`.",
    )
    calls: Annotated[Count, Field(ge=1)] | Literal["auto"] | None = Field(
        default=None,
        description="Calls at the same time; any number, or with `auto` as many as the server holds.",
        examples=[20, "auto"],
    )
    calls_per_caller: Count | None = Field(
        default=None, ge=1, description="Calls of one number at the same time; any number."
    )
    calls_per_minute: Count | None = Field(
        default=None, ge=1, description="Calls that begin within a minute; any number."
    )


class Context(SpecModel):
    """What the model is given of a long conversation."""

    strategy: Literal["keep", "summarise", "trim"] = Field(
        default="keep", description="`keep` everything, `summarise` what is old, or `trim` it away."
    )
    max_messages: Count = Field(default=20, ge=4, description="Messages after which it is shortened.")
    max_tokens: Count = Field(
        default=8000, ge=500, description="Estimated tokens after which it is summarised."
    )
    keep_messages: Count = Field(default=4, ge=0, description="Newest messages that stay word for word.")
