"""What a provider's error means for the call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from pipecat.frames.frames import ErrorFrame
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.utils.errors import ErrorCategory, classify_http_status_code

from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.failover.stt import NothingHeardFrame
from agentrun.pipeline.pipeline_parts import PipelineParts

_STATUS = re.compile(r"(?:Error code|status): (\d{3})")


class Verdict(Enum):
    """What the session does about an error."""

    IGNORE = "ignore"
    ASK_AGAIN = "ask the caller to say it again"
    RETRY = "run the language model again"
    GIVE_UP = "apologise and end the call"


def category(frame: ErrorFrame) -> ErrorCategory:
    """The error's category; Pipecat's speech services leave the HTTP status in the text alone."""
    if frame.category not in (None, ErrorCategory.UNKNOWN):
        return frame.category
    match = _STATUS.search(frame.error)
    return classify_http_status_code(int(match[1])) if match else ErrorCategory.UNKNOWN


def described(frame: ErrorFrame) -> str:
    """The error as a record has it: category and words."""
    return f"{category(frame).value}: {frame.error}"


@dataclass
class Faults:
    """Counts a call's errors in a row: one is forgiven where it may pass, the second ends the call."""

    parts: PipelineParts
    _in_a_row: int = field(default=0, init=False)
    _asking_again: bool = field(default=False, init=False)

    def recovered(self) -> None:
        """The agent speaks: earlier errors are past, unless it only asks the caller to say it again."""
        if not self._asking_again:
            self._in_a_row = 0
        self._asking_again = False

    def judge(self, frame: ErrorFrame) -> Verdict:
        """Decide on one error; a realtime model's are its lifeline's."""
        kind = category(frame)
        if kind is ErrorCategory.APPLICATION or isinstance(frame.processor, OpenAIRealtimeLLMService):
            return Verdict.IGNORE
        self._in_a_row += 1
        if kind.is_permanent or self._in_a_row > 1 or _all_failed(frame):
            return Verdict.GIVE_UP
        if frame.processor is self.parts.llm:
            return Verdict.RETRY
        if frame.processor is self.parts.stt:
            self._asking_again = True
            return Verdict.ASK_AGAIN
        return Verdict.GIVE_UP


def _all_failed(frame: ErrorFrame) -> bool:
    """Whether every service of a part has failed; a sound that none found words in may have been noise."""
    switcher = frame.processor
    several = isinstance(switcher, Failover) and len(switcher.members) > 1
    return several and not isinstance(frame, NothingHeardFrame)
