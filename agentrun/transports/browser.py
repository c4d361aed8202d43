"""Calls from the browser page over SmallWebRTC: audio in both directions, and RTVI messages."""

from __future__ import annotations

from collections.abc import Mapping

from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport

from agentrun.transports.connection import Connection, page_call


def connect(
    peer: SmallWebRTCConnection,
    agent: str,
    environ: Mapping[str, str],
    *,
    offline: bool,
    call_id: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Connection:
    """The connection of a page that talks to ``agent``; without a ``call_id`` the call gets a new one."""
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    transport = SmallWebRTCTransport(webrtc_connection=peer, params=params)
    call = page_call(agent, environ, offline, call_id, parameters)
    return Connection(call, transport, rtvi=True, keys=True)
