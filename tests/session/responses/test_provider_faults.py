"""Which errors end a call: those of what speaks and listens, and not of a message beside the sound."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from agentrun.session.responses.provider_faults import Faults, Verdict


def faults() -> Faults:
    return Faults(cast(Any, SimpleNamespace(llm=object(), stt=object(), tts=object())))


@pytest.mark.parametrize("words", ["Unable to send message: participant not found", "Unable to send DTMF: 7"])
async def test_a_message_that_a_line_could_not_send_is_no_end_of_its_sound(words: str) -> None:
    output = BaseOutputTransport(TransportParams())
    assert faults().judge(ErrorFrame(words, processor=output)) is Verdict.IGNORE
    broken = ErrorFrame("peer has stopped reading", processor=output, exception=TimeoutError())
    assert faults().judge(broken) is Verdict.GIVE_UP


async def test_a_page_s_message_that_is_no_good_ends_no_call() -> None:
    frame = ErrorFrame("Invalid message", processor=RTVIProcessor(), exception=ValueError("type"))
    assert faults().judge(frame) is Verdict.IGNORE


async def test_another_part_s_error_still_ends_it() -> None:
    assert faults().judge(ErrorFrame("broken", processor=FrameProcessor())) is Verdict.GIVE_UP
