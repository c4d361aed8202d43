"""Makes text from outside storable where it enters a pipeline, before anything keeps it or sends it on.

Half of a surrogate pair in a transcription or in a tool's arguments is valid JSON, and can't be encoded: in a
conversation it would make each later request to the model fail, and in a record it could not be written.
"""

from __future__ import annotations

from pipecat.frames.frames import FunctionCallInProgressFrame, TextFrame

from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.pushed_frames import watch_pushed_frames
from agentrun.records.storable import storable, text
from agentrun.transports.connection import Connection


def keep_storable(parts: PipelineParts, connection: Connection) -> None:
    """Have what is heard, written, answered and asked of tools hold nothing that can't be encoded."""
    for part in (parts.stt, parts.llm, connection.transport.input() if connection.written else None):
        if part:
            watch_pushed_frames(part, TextFrame, _clean)
    watch_pushed_frames(parts.llm, FunctionCallInProgressFrame, _clean_arguments)


def _clean(frame: TextFrame) -> None:
    frame.text = text(frame.text)


def _clean_arguments(frame: FunctionCallInProgressFrame) -> None:
    frame.arguments = storable(frame.arguments)
