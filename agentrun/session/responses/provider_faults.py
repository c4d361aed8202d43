"""What a provider's error, or a failed answer, means for the call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

import openai
from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frameworks.rtvi import RTVIProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.utils.errors import ErrorCategory, classify_http_status_code, extract_http_status_code

from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.failover.utterance import NoiseFrame, NothingHeardFrame, NoWordsFrame
from agentrun.pipeline.pipecat_private import VoiceBrokeOffFrame, speaks_like_openai
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.services import provider_words
from agentrun.pipeline.services.connections import http_retries
from agentrun.session.responses import refused_requests
from agentrun.session.responses.answer_state import AnswerState

_QUOTA = re.compile("insufficient_quota|exceeded your current quota")
_UNREACHED = re.compile(r"Connection error\.|Request timed out\.")
"""The words of OpenAI's client, which Pipecat's transcription passes on without the exception."""
_MOST_CAUSES = 8
_STATUS = re.compile(r"(?:Error code|status): (\d{3})")
_REFUSED = (400, 413, 422)
"""One request was refused; 401, 403 and 404 are refused each time."""
_OF_THE_MODEL = ("tool_use_failed", "output_parse_failed", "json_validate_failed")
"""Codes of Groq's for what its model wrote, and the caller has nothing to do with."""
MOST_NOISES = 4
"""How often a caller is asked to say again what a noise without an end drowns."""
_SILENT_VOICE = "completed with no audio"
"""Pipecat's words for a voice that made no sound, which come behind the voice's own error."""


class Verdict(Enum):
    """What the session does about it."""

    IGNORE = "go on"
    ASK_AGAIN = "ask the caller to say it again"
    DROP_TURN = "leave the refused turn out, and ask the caller to say it again"
    MEND = "make the request otherwise, and ask for the answer once more"
    RETRY = "ask for the answer once more"
    GO_ON = "have the answer gone on with"
    GIVE_UP = "apologise and end the call"


def status(frame: ErrorFrame) -> int | None:
    """The HTTP status behind an error; Pipecat's speech services leave it in the text alone."""
    code = extract_http_status_code(frame.exception) if frame.exception else None
    match = None if code else _STATUS.search(frame.error)
    return int(match[1]) if match else code


def category(frame: ErrorFrame) -> ErrorCategory:
    """The error's category; a quota that is used up is told from a rate that is too high."""
    if http_retries.is_quota(_code(frame)) or _QUOTA.search(frame.error):
        return ErrorCategory.QUOTA
    if frame.category not in (None, ErrorCategory.UNKNOWN):
        return frame.category
    if code := status(frame):
        return classify_http_status_code(code)
    unreached = any(isinstance(cause, OSError | openai.APIConnectionError) for cause in _causes(frame))
    if unreached or _UNREACHED.search(frame.error):
        return ErrorCategory.CONNECTIVITY
    return ErrorCategory.UNKNOWN


def _causes(frame: ErrorFrame) -> list[BaseException]:
    """The exception behind an error, and those behind it: a library's own says only that there was one."""
    errors: list[BaseException] = []
    error: BaseException | None = frame.exception
    while error is not None and error not in errors and len(errors) < _MOST_CAUSES:
        errors.append(error)
        error = error.__cause__ or error.__context__
    return errors


def _code(frame: ErrorFrame) -> str:
    """The provider's word for an error; what libraries compute as ``code`` is none, and may be deprecated."""
    code = vars(frame.exception).get("code") if frame.exception else None
    return code if isinstance(code, str) else ""


def refusal(frame: ErrorFrame) -> str:
    """All the words in which a provider refuses a request."""
    param = getattr(frame.exception, "param", None) or ""
    return f"{frame.error} {_code(frame)} {param} {provider_words.words_of(frame)}"


def is_mendable(frame: ErrorFrame) -> bool:
    """Whether the provider refuses how the request is made; llama.cpp says so with 500."""
    return status(frame) in (*_REFUSED, 500) and refused_requests.is_mendable(refusal(frame))


def is_silent_voice(frame: ErrorFrame) -> bool:
    """Whether Pipecat says that a voice made nothing of the words that it was given."""
    return _SILENT_VOICE in frame.error


def is_deaf_voice(frame: ErrorFrame) -> bool:
    """Whether the other end of a voice that streams may hear nothing any more, with its socket open."""
    return is_silent_voice(frame) or isinstance(frame, VoiceBrokeOffFrame)


def described(frame: ErrorFrame) -> str:
    """The error as a record has it: category, words, and where they don't hold it the provider's code.

    Of a connection that failed, the reason that the network gave.
    """
    kind, more = category(frame), provider_words.words_of(frame) or _code(frame)
    if kind is ErrorCategory.CONNECTIVITY:
        more = next((str(cause) for cause in reversed(_causes(frame)) if isinstance(cause, OSError)), more)
    return f"{kind.value}: {frame.error}{f' ({more})' if more and more not in frame.error else ''}"


@dataclass
class Faults:
    """Counts a call's faults in a row: what may pass is forgiven once, the second time ends the call."""

    parts: PipelineParts
    voice_fails: bool = field(default=False, init=False)
    """Whether the voice has told of an error, and no sound of its has come to the line since."""
    voice_sounds: bool = field(default=False, init=False)
    """Whether sound of the answer at the line has come there."""
    _in_a_row: int = field(default=0, init=False)
    _noises: int = field(default=0, init=False)
    _asking_again: bool = field(default=False, init=False)
    _voice_erred: bool = field(default=False, init=False)
    _broke_off: bool = field(default=False, init=False)

    def recovered(self) -> None:
        """An answer was heard: earlier faults are past, unless it only asks the caller to say it again."""
        if not self._asking_again and not self._voice_erred:
            self._in_a_row = self._noises = 0
        self._asking_again = False

    @property
    def voice_erred(self) -> bool:
        """Whether the voice's last word was an error."""
        return self._voice_erred

    def sentence_spoken(self) -> None:
        """The voice is at the end of a sentence, be it broken off: that is told of a moment later."""
        if self._broke_off:
            self._broke_off = False
        elif self._voice_erred:
            self._voice_erred = False
            self._in_a_row = max(0, self._in_a_row - 1)

    def judge(self, frame: ErrorFrame, *, begun: bool = False, follows: bool = False) -> Verdict:
        """Decide on one error, of an answer that has ``begun`` or not.

        Where the rest of an answer ``follows`` that words without a transcript have cut off, it is not
        mixed up with a question.

        A realtime model's errors end with its connection or its answer, which are seen to elsewhere, and so
        is an answer that a voice has broken off.
        """
        kind, processor = category(frame), frame.processor
        if kind is ErrorCategory.APPLICATION or speaks_like_openai(processor):
            return Verdict.IGNORE
        if _is_of_a_message(frame) or isinstance(frame, VoiceBrokeOffFrame):
            return Verdict.IGNORE
        if isinstance(frame, NoiseFrame):
            self._noises += 1
            return Verdict.GIVE_UP if self._noises > MOST_NOISES else self._ask_again()
        if isinstance(frame, NoWordsFrame):
            self._in_a_row += 1
            if self._in_a_row >= 3:
                return Verdict.GIVE_UP
            return Verdict.IGNORE if follows else self._ask_again()
        voice = processor is not None and processor is self.parts.tts
        if voice and self._voice_erred and is_silent_voice(frame):
            return Verdict.IGNORE
        refused = status(frame) in _REFUSED
        self._in_a_row += 1
        self._voice_erred = self._broke_off = voice
        lasting = kind is ErrorCategory.QUOTA or (kind.is_permanent and not refused)
        if voice and self.voice_sounds and not (lasting or self._asking_again) and self._in_a_row == 2:
            # an answer that was gone on with: what becomes of it is seen at its end
            return Verdict.IGNORE
        if lasting or self._in_a_row > 1:
            return Verdict.GIVE_UP
        model = processor is self.parts.llm
        if model and not begun and is_mendable(frame):
            return Verdict.MEND
        if _all_failed(frame):
            return Verdict.GIVE_UP
        if model:
            return self._of_model(frame, refused=refused, begun=begun)
        if processor is self.parts.stt:
            return self._ask_again()
        # the rest of the answer may be heard; one of which nothing is heard is empty
        return Verdict.IGNORE if voice else Verdict.GIVE_UP

    def forgive(self) -> None:
        """The error just judged is not counted: the answer that it broke off will be."""
        self._in_a_row -= 1

    def judge_answer(self, state: AnswerState, *, may_ask: bool = False, filtered: bool = False) -> Verdict:
        """Decide on an answer that has stalled, is empty or has failed.

        ``may_ask`` is whether nobody has asked the model for one that has failed: it finds turns by itself.
        One that is ``filtered`` is no fault of a service's. A voice that breaks off one answer after the
        other may have other words: the caller is asked to say it again.
        """
        self._in_a_row += 1
        if self._in_a_row == 1 and (state is not AnswerState.FAILED or may_ask):
            return Verdict.GO_ON if state is AnswerState.STALLED else Verdict.RETRY
        if self._in_a_row == 2 and (state is AnswerState.EMPTY or filtered or self.voice_fails):
            return self._ask_again()
        return Verdict.GIVE_UP

    def _of_model(self, frame: ErrorFrame, *, refused: bool, begun: bool) -> Verdict:
        if begun:
            return Verdict.GO_ON
        if refused and _code(frame) in _OF_THE_MODEL:
            return Verdict.RETRY
        if refused:
            self._asking_again = True
            return Verdict.DROP_TURN
        headers = getattr(getattr(frame.exception, "response", None), "headers", {})
        wait = http_retries.retry_after(headers)
        return Verdict.RETRY if wait is None or wait <= http_retries.LONGEST_SECONDS else self._ask_again()

    def _ask_again(self) -> Verdict:
        self._asking_again = True
        return Verdict.ASK_AGAIN


def _is_of_a_message(frame: ErrorFrame) -> bool:
    """Whether a transport only says what it could not send beside the sound, or a page's message was no good.

    That the line is lost is told by the transport's own events.
    """
    line = isinstance(frame.processor, BaseInputTransport | BaseOutputTransport) and frame.exception is None
    return line or isinstance(frame.processor, RTVIProcessor)


def _all_failed(frame: ErrorFrame) -> bool:
    """Whether every service of a part has failed; a sound that none found words in may have been noise."""
    switcher = frame.processor
    several = isinstance(switcher, Failover) and len(switcher.members) > 1
    return several and not isinstance(frame, NothingHeardFrame)
