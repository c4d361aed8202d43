"""``turns:``, ``limits:`` and ``context:`` in a spec: how a conversation is conducted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agentrun.spec.parts import SpecModel, Text
from agentrun.spec.units import Duration

Mute = Literal["greeting", "tools", "first-speech", "always"]


class Idle(SpecModel):
    """What happens when the caller says nothing."""

    after: Duration = Field(default=15.0, description="How long the caller may be silent.", gt=0)
    say: Text = Field(default="Are you still there?", description="What the agent then asks.")
    times: int = Field(default=2, ge=1, description="How often it asks.")
    then: Literal["hang_up", "continue"] = Field(default="hang_up", description="What follows.")
    goodbye: Text = Field(default="I will hang up now. Goodbye.", description="Said before hanging up.")


class Turns(SpecModel):
    """When the caller's turn begins and ends, and whether they may interrupt."""

    detection: Literal["smart", "silence", "transcription"] = Field(
        default="smart",
        description="What ends the caller's turn: a model that hears it, a silence, or the transcripts. "
        "A realtime model brings its own: `pipeline.realtime.turn_detection`.",
    )
    silence: Duration = Field(default=0.6, gt=0, description="The silence that ends a turn; not for `smart`.")
    start: Duration = Field(default=0.2, ge=0, description="Speech that must be heard before a turn begins.")
    stop: Duration = Field(default=0.2, gt=0, description="Silence after which speech counts as stopped.")
    confidence: float = Field(default=0.7, ge=0, le=1, description="How sure the voice detector must be.")
    min_volume: float = Field(
        default=0.0, ge=0, le=1, description="Quieter sound is not speech; above 0 drops quiet telephones."
    )
    min_words: int = Field(default=0, ge=0, description="Words that it takes to interrupt the agent.")
    interruptions: bool = Field(default=True, description="Whether the caller may interrupt the agent.")
    mute: tuple[Mute, ...] = Field(default=(), description="When the caller is not listened to.")
    idle: Idle | None = Field(default=None, description="What happens when the caller says nothing.")


class Limits(SpecModel):
    """Bounds of one call."""

    max_duration: Duration = Field(default=1800.0, gt=0, description="The longest call.")
    warn_before: Duration = Field(
        default=30.0, ge=0, description="How long before its end the caller is told."
    )
    warning: Text = Field(default="We have half a minute left.", description="What the caller is told then.")
    goodbye: Text = Field(default="Our time is up. Goodbye.", description="Said at the end.")
    silence: Duration = Field(default=300.0, gt=0, description="Silence of both sides that ends the call.")
    answer: Duration = Field(
        default=6.0, gt=0, description="How long an answer may take to begin before the agent gives up."
    )


class Context(SpecModel):
    """What the model is given of a long conversation."""

    strategy: Literal["keep", "summarise"] = Field(
        default="keep", description="`keep` everything, or `summarise` what is old."
    )
    max_messages: int = Field(default=20, ge=4, description="Messages after which it is summarised.")
    max_tokens: int = Field(
        default=8000, ge=500, description="Estimated tokens after which it is summarised."
    )
    keep_messages: int = Field(default=4, ge=0, description="Newest messages that stay word for word.")
