"""The one mechanism by which agentrun replaces a Pipecat method with its own.

Pipecat has no hook for what ``REPLACEABLE`` lists: each row says what the replacement is for, and which
parameters Pipecat calls the method with. ``tests/pipeline/test_replacements.py`` fails when a class has no
such method any more, or calls it with something else, and when a method is replaced in any other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMContextAggregator,
    LLMUserAggregator,
)
from pipecat.processors.frame_processor import FrameProcessor, FrameProcessorQueue
from pipecat.processors.frameworks.rtvi.processor import RTVIProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.base_llm import BaseOpenAILLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService, WebsocketTTSService
from pipecat.services.websocket_service import WebsocketService
from pipecat.services.whisper.base_stt import BaseWhisperSTTService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport


@dataclass(frozen=True)
class Replaceable:
    """A method of ``owner``, the names of its parameters behind ``self``, and what it is replaced for.

    ``owner`` is a class, or ``module:class`` where the module needs a library that not everyone has.
    """

    owner: type | str
    name: str
    parameters: tuple[str, ...]
    purpose: str

    def is_of(self, target: object) -> bool:
        """Whether ``target`` has the method from ``owner``."""
        if isinstance(self.owner, type):
            return isinstance(target, self.owner)
        return any(f"{each.__module__}:{each.__qualname__}" == self.owner for each in type(target).__mro__)


_LIKE_OPENAI = (
    OpenAIRealtimeLLMService,
    "pipecat.services.azure.voice_live.llm:AzureVoiceLiveLLMService",
    "pipecat.services.inworld.realtime.llm:InworldRealtimeLLMService",
    "pipecat.services.xai.realtime.llm:GrokRealtimeLLMService",
)
"""Services of a protocol like that of OpenAI's realtime models, which Pipecat has written alike."""

REPLACEABLE = (
    Replaceable(FrameProcessor, "push_frame", ("frame", "direction"), "watch or keep back what is pushed"),
    Replaceable(FrameProcessor, "queue_frame", ("frame", "direction", "callback"), "keep sound away"),
    Replaceable(Pipeline, "setup", ("setup",), "observe no frames where nobody looks at them"),
    Replaceable(SegmentedSTTService, "run_stt", ("audio",), "bound a transcription; begin it at a pause"),
    Replaceable(BaseWhisperSTTService, "_transcribe", ("audio",), "refuse what is no transcript"),
    Replaceable(SegmentedSTTService, "_handle_user_stopped_speaking", ("frame",), "pauses within speech"),
    Replaceable(SegmentedSTTService, "cleanup", (), "withdraw what was begun at a pause"),
    Replaceable(SegmentedSTTService, "stop", ("frame",), "end a call whose last words are not written down"),
    Replaceable(TTSService, "run_tts", ("text", "context_id"), "know since when a voice has had words"),
    Replaceable(TTSService, "_next_audio_context_item", ("context_id",), "wait for a voice that is late"),
    Replaceable(WebsocketTTSService, "_close_connection_contexts", (), "know what a lost voice owes"),
    Replaceable(LLMAssistantAggregator, "push_aggregation", (), "keep what the caller heard, not all"),
    Replaceable(LLMContextAggregator, "push_context_frame", ("direction",), "what was said meanwhile"),
    Replaceable(LLMUserAggregator, "_push_aggregation", ("run_llm",), "hold words over an answer"),
    Replaceable(LLMUserAggregator, "_handle_llm_messages_append", ("frame",), "hold words over an answer"),
    *(
        Replaceable(LLMAssistantAggregator, f"_handle_function_call_{what}", ("frame",), "cancel in order")
        for what in ("cancel", "in_progress")
    ),
    Replaceable(
        RTVIProcessor, "_handle_send_text", ("data", "message_id", "user_id"), "cut off only as speech does"
    ),
    Replaceable(FrameProcessorQueue, "put", ("item",), "drop what an interruption has overtaken"),
    Replaceable(LLMService, "_handle_interruptions", ("_",), "last words that a noise cuts off"),
    Replaceable(LLMService, "_run_function_call", ("runner_item",), "a span for each tool call"),
    Replaceable(BaseOpenAILLMService, "get_chat_completions", ("context",), "put tool calls together"),
    Replaceable(
        BaseOpenAILLMService, "build_chat_completion_params", ("params_from_context",), "roles by turns"
    ),
    Replaceable(LLMService, "run_function_calls", ("function_calls",), "arguments that are no object"),
    *(
        Replaceable(owner, "_process_function_calls", ("context", "function_calls"), "unreadable arguments")
        for owner in (OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService)
    ),
    Replaceable(WebsocketService, "_websocket_connect", ("uri", "kwargs"), "give up a handshake"),
    Replaceable(WebsocketService, "_disconnect_websocket", (), "no goodbye over a lost connection"),
    Replaceable(
        WebsocketService,
        "_maybe_try_reconnect",
        ("error_message", "report_error", "error"),
        "tell why a connection ended",
    ),
    *(
        Replaceable(owner, "_disconnect", (), "let go of a connection in time")
        for owner in (
            WebsocketService,
            "pipecat.services.deepgram.stt:DeepgramSTTService",
            "pipecat.services.google.gemini_live.stt:GeminiSTTService",
            "pipecat.services.mistral.stt:MistralSTTService",
            "pipecat.services.sarvam.stt:SarvamSTTService",
            "pipecat.services.speechmatics.stt:SpeechmaticsSTTService",
        )
    ),
    Replaceable(
        "pipecat.services.gladia.stt:GladiaSTTService", "_setup_gladia", ("settings",), "ask in time"
    ),
    Replaceable("pipecat.services.gladia.stt:GladiaSTTService", "_connect_websocket", (), "a new session"),
    Replaceable(OpenAIResponsesLLMService, "_ws_recv", (), "speak a refusal"),
    Replaceable(OpenAIResponsesHttpLLMService, "_create_stream", ("params",), "speak a refusal"),
    Replaceable(OpenAIRealtimeLLMService, "_send_user_audio", ("frame",), "wait for a session that begins"),
    Replaceable(BaseOutputTransport, "process_frame", ("frame", "direction"), "close the line"),
    Replaceable(BaseOutputTransport, "set_transport_ready", ("frame",), "resample without delay"),
    Replaceable(BaseOutputTransport.MediaSender, "handle_audio_frame", ("frame",), "larger pieces"),
    Replaceable(BaseOutputTransport.MediaSender, "handle_tts_stopped", ("frame",), "a small last piece"),
    Replaceable(FastAPIWebsocketOutputTransport, "_write_audio_sleep", (), "send ahead of playing"),
    Replaceable(FastAPIWebsocketOutputTransport, "write_audio_frame", ("frame",), "a line that is lost"),
    *(
        Replaceable(owner, name, parameters, purpose)
        for owner in _LIKE_OPENAI
        for name, parameters, purpose in (
            ("_receive_task_handler", (), "outlive an event of no use"),
            ("_connect", (), "give up a handshake that hangs"),
            ("_ws_send", ("realtime_message",), "say once that it is gone"),
            ("send_client_event", ("event",), "know a refused response"),
            ("_handle_evt_function_call_arguments_done", ("evt",), "unreadable arguments"),
            ("_handle_evt_session_updated", ("evt",), "the conversation first"),
            ("_handle_evt_response_done", ("evt",), "how an answer ended"),
            ("_send_tool_result", ("tool_call_id", "result"), "results over connections"),
            ("_handle_messages_append", ("frame",), "words of the caller, and messages that none take"),
        )
    ),
    Replaceable(
        "pipecat.services.openai.live.llm:OpenAILiveLLMService",
        "_handle_response_output_item_done",
        ("evt",),
        "unreadable arguments",
    ),
    Replaceable(
        "pipecat.services.aws.nova_sonic.llm:AWSNovaSonicLLMService",
        "_start_connecting",
        (),
        "give up a connection that hangs",
    ),
    Replaceable(
        "pipecat.services.ultravox.llm:UltravoxRealtimeLLMService",
        "start",
        ("frame",),
        "give up a connection that hangs",
    ),
    Replaceable(
        "pipecat.services.ultravox.llm:UltravoxRealtimeLLMService",
        "_receive_messages",
        (),
        "tell why a connection ended",
    ),
    *(
        Replaceable("pipecat.services.google.gemini_live.llm:GeminiLiveLLMService", name, parameters, purpose)
        for name, parameters, purpose in (
            ("_handle_connection_error", ("error",), "know that it connects anew, and why"),
            ("_connection_task_handler", ("config",), "tell why a connection ended; make another one"),
            ("_handle_msg_turn_complete", ("message",), "an answer without a word"),
            ("_handle_server_message", ("message",), "know when a connection ends, and what of it is kept"),
            ("_handle_session_ready", ("session",), "what the caller and tools have said meanwhile"),
            ("_process_completed_function_calls", ("send_new_results",), "results over connections"),
            ("_handle_function_call_result", ("frame",), "results over connections"),
            ("_disconnect", (), "keep which results were given"),
            ("_send_user_audio", ("frame",), "wait for a session that begins"),
        )
    ),
    Replaceable(
        "pipecat.services.aws.nova_sonic.llm:AWSNovaSonicLLMService",
        "_handle_tool_use_event",
        ("event_json",),
        "unreadable arguments",
    ),
    Replaceable(
        "pipecat.services.anthropic.llm:AnthropicLLMService",
        "_create_message_stream",
        ("api_call", "params"),
        "put tool calls together",
    ),
    Replaceable(
        "pipecat.services.aws.llm:AWSBedrockLLMService",
        "_create_converse_stream",
        ("client", "request_params"),
        "put tool calls together",
    ),
)
"""Every method that may be replaced, and why."""


def is_replaceable(target: object, name: str, rows: tuple[Replaceable, ...] = REPLACEABLE) -> bool:
    """Whether ``rows`` has a row for the method ``name`` of ``target``'s class.

    >>> is_replaceable(object(), "push_frame")
    False
    """
    return any(row.name == name and row.is_of(target) for row in rows)


def replace_method(
    target: object, name: str, replacement: Any, rows: tuple[Replaceable, ...] = REPLACEABLE
) -> Any:
    """Have Pipecat call ``replacement`` for ``target.name``, and give the method that it called until now.

    ``replacement`` takes what the method takes, behind ``self``. Each target is replaced by itself: other
    objects of its class keep theirs. Replacements stack, so the method that is given may be one of them.

    Raises TypeError when ``rows`` has none for the class of ``target``.

    >>> replace_method(object(), "push_frame", print)
    Traceback (most recent call last):
        ...
    TypeError: push_frame of object is not among the methods that agentrun replaces
    """
    if not is_replaceable(target, name, rows):
        kind = type(target).__name__
        raise TypeError(f"{name} of {kind} is not among the methods that agentrun replaces")
    original = getattr(target, name)
    setattr(target, name, replacement)
    return original
