"""``record:`` in a spec: what is kept of a call."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentrun.spec.parts import SpecModel, Text, word

SoundFormat = Literal["wav", "opus"]


class Audio(SpecModel):
    """The sound of each call, the caller left and the agent right.

    `audio: recordings/` is short for `audio: {to: recordings/}`.
    """

    to: Text = Field(
        description="A folder beside the spec, or an address that fsspec knows, such as `s3://bucket/calls`.",
        examples=["recordings/", "s3://bucket/calls"],
    )
    format: SoundFormat = Field(default="wav", description="`opus` takes a sixth of the room, and more work.")


class Record(SpecModel):
    """What is kept of a call."""

    audio: Annotated[Audio | None, word("to")] = Field(
        default=None, description="Where the sound of calls goes; nowhere by default."
    )
