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

    bucket_name: Text
    bucket_region: Text
    assume_role_arn: Text
    allow_api_access: Flag = False


class RoomSpec(SpecModel):
    """The room that is made for each call and deleted after it."""

    expires: Duration | None = Field(
        default=None,
        gt=0,
        description="How long the room lasts at most; five minutes more than limits.max_duration by default.",
        examples=["1h"],
    )
    privacy: Literal["private", "public"] = Field(
        default="private", description="A private room takes a token; a public one opens to its address."
    )
    max_participants: Count | None = Field(
        default=None, ge=2, description="How many may be in the room, with the agent.", examples=[2]
    )
    geo: Text | None = Field(default=None, description="Where the room is, such as us-east-1.")
    enable_chat: Flag = False
    enable_prejoin_ui: Flag = False
    enable_emoji_reactions: Flag = False
    enable_dialout: Flag | None = Field(default=None, description="Daily has to allow it for your account.")
    enable_recording: Recording | None = None
    enable_transcription_storage: Flag | None = None
    recordings_bucket: BucketSpec | None = None
    transcription_bucket: BucketSpec | None = None
    start_video_off: Flag = Field(default=False, description="Whether cameras are off at first.")


class CallerSpec(SpecModel):
    """What the caller's token says; it is for one room and expires with it."""

    is_owner: Flag = Field(default=False, description="An owner may mute, eject and record others.")
    user_name: Text | None = None
    user_id: Text | None = None
    eject_at_token_exp: Flag = False
    eject_after_elapsed: Count | None = Field(default=None, gt=0, description="Seconds.")
    nbf: Count | None = Field(default=None, description="Not before: seconds since 1970.")
    enable_screenshare: Flag | None = None
    enable_recording: Recording | None = None
    enable_prejoin_ui: Flag | None = None
    start_video_off: Flag | None = None
    start_audio_off: Flag | None = None
    start_cloud_recording: Flag | None = None
    permissions: dict[str, Any] | None = None


class DailyTransport(SpecModel):
    """A room at Daily: one for each call, or one that is given."""

    type: Literal["daily"]
    room_url: str | None = Field(
        default=None,
        description="A room that is there already: `agentrun serve` joins it once, at its start.",
        examples=["https://example.daily.co/desk", "${DAILY_ROOM_URL}"],
    )
    token: str | None = Field(
        default=None,
        repr=False,
        description="The agent's token for that room; a public room needs none.",
        examples=["${DAILY_TOKEN}"],
    )
    bot_name: Text | None = Field(
        default=None, description="What the agent is called in the room; its own name by default."
    )
    room: RoomSpec = RoomSpec.model_construct()
    caller: CallerSpec = CallerSpec.model_construct()
