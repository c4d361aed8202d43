"""Every private name of Pipecat that agentrun relies on, in one place.

Pipecat is pinned exactly, and ``tests/pipeline/test_private.py`` fails when one of these names moves.
"""

from __future__ import annotations

from agentrun.pipeline.private.realtime import (
    realtime_has_context,
    realtime_is_answering,
    realtime_is_deaf,
    realtime_is_ready,
    realtime_modalities,
    realtime_renew_as,
    realtime_restore,
    realtime_send_conversation,
    realtime_voice,
    wait_until_answering,
)
from agentrun.pipeline.private.services import (
    QUALITY,
    has_settings,
    hear_quickly,
    is_connected,
    reconnect,
    resample_quickly,
    settings_of,
)
from agentrun.pipeline.private.shared import (
    SharedClient,
    SharedSilero,
    SharedSmartTurn,
    close_own_clients,
    silero_session,
    smart_turn_session,
)
from agentrun.pipeline.private.workers import (
    clean_up,
    force_cancel,
    forget_frames,
    tasks,
)

__all__ = [
    "QUALITY",
    "SharedClient",
    "SharedSilero",
    "SharedSmartTurn",
    "clean_up",
    "close_own_clients",
    "force_cancel",
    "forget_frames",
    "has_settings",
    "hear_quickly",
    "is_connected",
    "realtime_has_context",
    "realtime_is_answering",
    "realtime_is_deaf",
    "realtime_is_ready",
    "realtime_modalities",
    "realtime_renew_as",
    "realtime_restore",
    "realtime_send_conversation",
    "realtime_voice",
    "reconnect",
    "resample_quickly",
    "settings_of",
    "silero_session",
    "smart_turn_session",
    "tasks",
    "wait_until_answering",
]
