"""``transport: daily`` in a spec: the room, the agent in it, and the caller's token.

The names of rooms' and tokens' properties are Daily's own
(https://docs.daily.co/reference/rest-api/rooms/create-room,
https://docs.daily.co/reference/rest-api/meeting-tokens/create-meeting-token).
"""

from typing import Any, Literal

from pydantic import Field

from agentrun.spec.models.base import Count, Flag, SpecModel, Text
from agentrun.spec.values.durations import Duration

Recording = Literal["cloud", "cloud-audio-only", "local", "raw-tracks"]


class BucketSpec(SpecModel):
    """A bucket of Amazon S3 that Daily writes to."""

    bucket_name: Text = Field(description="The bucket's name.")
    bucket_region: Text = Field(description="Its region, such as us-east-1.", examples=["us-east-1"])
    assume_role_arn: Text = Field(description="The role that Daily takes on to write there.")
    allow_api_access: Flag = Field(
        default=False, description="Whether recordings can be had over Daily's API."
    )


class RoomSpec(SpecModel):
    """The room that is created for each call and deleted after it."""

    expires: Duration | None = Field(
        default=None,
        gt=0,
        description="The longest life of the room; by default limits.max_duration and five minutes.",
        examples=["1h"],
    )
    privacy: Literal["private", "public"] = Field(
        default="private", description="A private room takes a token; a public one opens to its address."
    )
    max_participants: Count | None = Field(
        default=None,
        ge=2,
        description="The most participants in the room, including the agent.",
        examples=[2],
    )
    geo: Text | None = Field(default=None, description="Where the room is, such as us-east-1.")
    enable_chat: Flag = Field(default=False, description="Whether people may write in the room.")
    enable_prejoin_ui: Flag = Field(
        default=False, description="Whether Daily's page asks for name and devices before people join."
    )
    enable_emoji_reactions: Flag = Field(default=False, description="Whether people may react with emoji.")
    enable_dialout: Flag | None = Field(
        default=None, description="Whether it may call telephones; Daily must have enabled this."
    )
    enable_recording: Recording | None = Field(
        default=None, description="How Daily may record the room; not at all by default."
    )
    enable_transcription_storage: Flag | None = Field(
        default=None, description="Whether Daily keeps its transcriptions."
    )
    recordings_bucket: BucketSpec | None = None
    transcription_bucket: BucketSpec | None = None
    start_video_off: Flag = Field(default=False, description="Whether cameras are off at first.")


class CallerSpec(SpecModel):
    """What the caller's token says; it is for one room and expires with it."""

    is_owner: Flag = Field(default=False, description="An owner may mute, eject and record others.")
    user_name: Text | None = Field(default=None, description="The caller's name in the room.")
    user_id: Text | None = Field(default=None, description="Your own id of the caller.")
    eject_at_token_exp: Flag = Field(
        default=False, description="Whether the caller has to leave when the token expires."
    )
    eject_after_elapsed: Count | None = Field(
        default=None, gt=0, description="After how many seconds the caller has to leave."
    )
    nbf: Count | None = Field(default=None, description="Not before: seconds since 1970.")
    enable_screenshare: Flag | None = Field(
        default=None, description="Whether the caller may share their screen."
    )
    enable_recording: Recording | None = Field(default=None, description="How the caller may record.")
    enable_prejoin_ui: Flag | None = Field(
        default=None, description="Whether Daily's page asks for name and devices before they join."
    )
    start_video_off: Flag | None = Field(default=None, description="Whether their camera is off at first.")
    start_audio_off: Flag | None = Field(
        default=None, description="Whether their microphone is off at first."
    )
    start_cloud_recording: Flag | None = Field(
        default=None, description="Whether Daily begins to record when they join."
    )
    permissions: dict[str, Any] | None = Field(
        default=None, description="What else they may do, in the words of Daily's meeting tokens."
    )


class DailyTransport(SpecModel):
    """A Daily room: a new one for each call, or an existing one."""

    type: Literal["daily"]
    room_url: str | None = Field(
        default=None,
        description="An existing room, which `agentrun serve` joins once, at its start.",
        examples=["https://example.daily.co/desk", "${DAILY_ROOM_URL}"],
    )
    token: str | None = Field(
        default=None,
        repr=False,
        description="The agent's token for that room; a public room needs none.",
        examples=["${DAILY_TOKEN}"],
    )
    bot_name: Text | None = Field(
        default=None, description="The agent's name in the room; by default the name of the spec."
    )
    room: RoomSpec = RoomSpec.model_construct()
    caller: CallerSpec = CallerSpec.model_construct()
