"""Every private name of Pipecat that agentrun relies on, in one place.

Pipecat is pinned exactly, and ``tests/pipeline/test_pipecat_private.py`` fails when one of these names moves.
"""

from __future__ import annotations

from agentrun.pipeline.pipecat_private.connections import (
    bound_connection,
    connect_anew,
    is_connected,
    reconnect,
    reconnect_in_silence,
    tell_losses,
)
from agentrun.pipeline.pipecat_private.flow_nodes import ArrivingFlowManager
from agentrun.pipeline.pipecat_private.hearing.silero import SharedSilero, silero_session
from agentrun.pipeline.pipecat_private.hearing.stt import (
    SegmentTranscripts,
    StreamingSTT,
    keep_sound,
    tells_segments,
)
from agentrun.pipeline.pipecat_private.hearing.transcripts import check_transcripts
from agentrun.pipeline.pipecat_private.hearing.turns import (
    allow_interruptions,
    may_interrupt,
    mute_strategies,
    stop_by_model,
    stop_by_silence,
    suspend_interruptions,
)
from agentrun.pipeline.pipecat_private.held_words import (
    GiveHeldWordsFrame,
    has_open_answer,
    hold_caller_words,
    owes_a_result,
    write_in_turn,
)
from agentrun.pipeline.pipecat_private.idleness import watch_speakers_alone
from agentrun.pipeline.pipecat_private.interruptions import (
    ToolCancellations,
    cancel_calls_in_order,
    drop_what_waits,
)
from agentrun.pipeline.pipecat_private.line.output_pieces import send_larger_pieces
from agentrun.pipeline.pipecat_private.line.prompt_input import hand_in, steady_pieces
from agentrun.pipeline.pipecat_private.message_roles import alternate_roles, begin_with_user
from agentrun.pipeline.pipecat_private.realtime.connection import (
    end_half_answer,
    keep_conversation,
    realtime_configure,
    realtime_end_half_turn,
    realtime_is_being_connected,
    realtime_is_deaf,
    realtime_is_ready,
    realtime_refusal,
    realtime_renew_as,
    realtime_restore,
)
from agentrun.pipeline.pipecat_private.realtime.differences import asking
from agentrun.pipeline.pipecat_private.realtime.events import (
    keep_session,
    session_events,
    speaks_like_openai,
)
from agentrun.pipeline.pipecat_private.realtime.gemini_sessions import (
    realtime_ends_at,
    realtime_go_on,
    realtime_is_resumable,
    realtime_why_restored,
)
from agentrun.pipeline.pipecat_private.realtime.kept_sound import keep_early_sound
from agentrun.pipeline.pipecat_private.realtime.other_connections import watch_connection
from agentrun.pipeline.pipecat_private.realtime.responses import (
    CallerWordsFrame,
    note_ends,
    realtime_answer_again,
    realtime_answer_written,
    realtime_ask,
    realtime_give_up_answer,
    realtime_has_context,
    realtime_is_answering,
    realtime_modalities,
    realtime_voice,
    take_messages,
    wait_until_answering,
)
from agentrun.pipeline.pipecat_private.realtime.results import tell_results
from agentrun.pipeline.pipecat_private.realtime.telephone import PcmuRealtime
from agentrun.pipeline.pipecat_private.services import (
    has_settings,
    hear_promptly,
    keep_pace,
    note_usage,
    resample_promptly,
    send_ahead,
    settings_of,
    speech_client,
    speech_request,
    split_by,
)
from agentrun.pipeline.pipecat_private.shared_models import (
    SharedClient,
    SharedSmartTurn,
    close_own_clients,
    run_smart_turn_once,
    smart_turn_session,
)
from agentrun.pipeline.pipecat_private.speech_contexts import VoiceBrokeOffFrame, keep_context_open
from agentrun.pipeline.pipecat_private.tools.arguments import read_all_arguments
from agentrun.pipeline.pipecat_private.tools.blocks import assemble_tool_blocks
from agentrun.pipeline.pipecat_private.tools.calls import assemble_tool_calls
from agentrun.pipeline.pipecat_private.tools.tracing import surround_tool_calls
from agentrun.pipeline.pipecat_private.workers import clean_up, force_cancel, forget_frames, tasks

__all__ = [
    "ArrivingFlowManager",
    "CallerWordsFrame",
    "GiveHeldWordsFrame",
    "PcmuRealtime",
    "SegmentTranscripts",
    "SharedClient",
    "SharedSilero",
    "SharedSmartTurn",
    "StreamingSTT",
    "ToolCancellations",
    "VoiceBrokeOffFrame",
    "allow_interruptions",
    "alternate_roles",
    "asking",
    "assemble_tool_blocks",
    "assemble_tool_calls",
    "begin_with_user",
    "bound_connection",
    "cancel_calls_in_order",
    "check_transcripts",
    "clean_up",
    "close_own_clients",
    "connect_anew",
    "drop_what_waits",
    "end_half_answer",
    "force_cancel",
    "forget_frames",
    "hand_in",
    "has_open_answer",
    "has_settings",
    "hear_promptly",
    "hold_caller_words",
    "is_connected",
    "keep_context_open",
    "keep_conversation",
    "keep_early_sound",
    "keep_pace",
    "keep_session",
    "keep_sound",
    "may_interrupt",
    "mute_strategies",
    "note_ends",
    "note_usage",
    "owes_a_result",
    "read_all_arguments",
    "realtime_answer_again",
    "realtime_answer_written",
    "realtime_ask",
    "realtime_configure",
    "realtime_end_half_turn",
    "realtime_ends_at",
    "realtime_give_up_answer",
    "realtime_go_on",
    "realtime_has_context",
    "realtime_is_answering",
    "realtime_is_being_connected",
    "realtime_is_deaf",
    "realtime_is_ready",
    "realtime_is_resumable",
    "realtime_modalities",
    "realtime_refusal",
    "realtime_renew_as",
    "realtime_restore",
    "realtime_voice",
    "realtime_why_restored",
    "reconnect",
    "reconnect_in_silence",
    "resample_promptly",
    "run_smart_turn_once",
    "send_ahead",
    "send_larger_pieces",
    "session_events",
    "settings_of",
    "silero_session",
    "smart_turn_session",
    "speaks_like_openai",
    "speech_client",
    "speech_request",
    "split_by",
    "steady_pieces",
    "stop_by_model",
    "stop_by_silence",
    "surround_tool_calls",
    "suspend_interruptions",
    "take_messages",
    "tasks",
    "tell_losses",
    "tell_results",
    "tells_segments",
    "wait_until_answering",
    "watch_connection",
    "watch_speakers_alone",
    "write_in_turn",
]
