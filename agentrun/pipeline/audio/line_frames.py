"""Which frames the caller hears."""

from __future__ import annotations

from pipecat.frames.frames import (
    ControlFrame,
    DataFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    StopFrame,
    SystemFrame,
)


def is_speech(frame: Frame) -> bool:
    """Whether the caller hears a frame, or it drops what they would hear; the end of a call does neither."""
    if isinstance(frame, InterruptionFrame):
        return True
    lasting = isinstance(frame, SystemFrame | EndFrame | StopFrame) or not frame.interruptible
    return isinstance(frame, DataFrame | ControlFrame) and not lasting
