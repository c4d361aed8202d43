"""Calls in Daily rooms: the agent joins as a participant."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipecat.runner.types import DailyDialinRequest
from pipecat.transports.daily.transport import DailyDialinSettings, DailyParams, DailyTransport

from agentrun.call import Call
from agentrun.transports.connection import Connection

LOST = ("on_error", "on_dialin_error")
"""The events of Pipecat's transport after which nobody can be heard: it could not join, was put out of the
room, or the telephone's leg failed."""
HUNG_UP = ("on_dialin_stopped",)
"""The event of a telephone that has hung up: also of one that was never in the room, and so never leaves."""
RETURN_SECONDS = 10.0
"""A browser whose network drops leaves the room, and comes again as another participant; one on WebRTC
without a room keeps its connection meanwhile, for some 30 s (RFC 7675)."""


@dataclass(frozen=True)
class Invitation:
    """What an agent needs to come into a room; ``dialin`` is the telephone call that waits for it."""

    room_url: str
    token: str | None = field(repr=False)
    bot_name: str
    dialin: DailyDialinRequest | None = field(default=None, repr=False)


def connect(invitation: Invitation, call: Call) -> Connection:
    """The connection of an agent that is to join a room; it joins when its session runs.

    The transport is what Pipecat's own ``create_transport`` makes of the same room, save for the name.
    A client in the room is sent RTVI messages; a telephone is not.
    """
    params = DailyParams(audio_in_enabled=True, audio_out_enabled=True)
    dialin = invitation.dialin
    if dialin is not None:
        params.dialin_settings = DailyDialinSettings(
            call_id=dialin.dialin_settings.call_id, call_domain=dialin.dialin_settings.call_domain
        )
        params.api_key, params.api_url = dialin.daily_api_key, dialin.daily_api_url
    transport = DailyTransport(invitation.room_url, invitation.token, invitation.bot_name, params=params)
    if dialin:
        return Connection(call, transport, lost=LOST, hung_up=HUNG_UP)
    return Connection(call, transport, rtvi=True, lost=LOST, returns_within=RETURN_SECONDS)
