"""Requests to language models, told to whoever counts them: how long each took, its tokens, its error."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

from pipecat.frames.frames import (
    ErrorFrame,
    FunctionCallsStartedFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    TTSAudioRawFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.utils.errors import ErrorCategory, extract_http_status_code

from agentrun.pipeline import pipecat_private, pushed_frames
from agentrun.pipeline.services import end_of_answer
from agentrun.plan.plan import ServicePlan

NO_RESPONSE = "no_response"
"""The error of a request that ended with nothing: the model was silent, or nobody waited any longer."""
BROKEN_OFF, FILTERED, FAILED = "broken_off", "content_filter", "failed"
"""Those of an answer that ended in the middle: its connection was lost, a filter found something, or the
provider says that it failed."""
_OTHER = "_OTHER"
"""OpenTelemetry's word for an error that has no name."""
_ANSWER = (LLMTextFrame, FunctionCallsStartedFrame, TTSAudioRawFrame)

TokenType = Literal["input", "output"]


class Model(NamedTuple):
    """A provider as specs name it, and the model that is asked for."""

    provider: str
    name: str


class ModelWatcher(Protocol):
    """Counts requests, those of all calls."""

    def took(self, model: Model, seconds: float, error: str) -> None:
        """A request is over; ``error`` is empty, or a word: an HTTP status, an exception's class, or ours."""

    def used(self, model: Model, kind: TokenType, tokens: float) -> None:
        """A request has used ``tokens`` of a kind."""


class ModelRequests:
    """Follows the requests of a conversation to one service, from the beginning of each to its end.

    A realtime model's begins with the response, be it asked for or the server's own doing.
    """

    def __init__(self, service: FrameProcessor, plan: ServicePlan, watcher: ModelWatcher) -> None:
        self._service, self._plan, self._watcher = service, plan, watcher
        self._began: float | None = None
        self._ended = -math.inf
        self._answered = False
        self._error = ""
        pushed_frames.watch_pushed_frames(service, LLMFullResponseStartFrame, self._begin)
        pushed_frames.watch_pushed_frames(service, _ANSWER, self._answer)
        pushed_frames.watch_pushed_frames(service, MetricsFrame, self._spend)
        pushed_frames.watch_pushed_frames(service, ErrorFrame, self._fail)
        pushed_frames.watch_pushed_frames(service, LLMFullResponseEndFrame, self._end)

    def _begin(self, _frame: LLMFullResponseStartFrame) -> None:
        if self._began is not None and not self._error:
            return  # a realtime model says it once more, with the first words of what was asked for
        self._tell(self._error)
        self._began = asyncio.get_running_loop().time()

    def _answer(self, _frame: object) -> None:
        self._answered = True

    def _spend(self, frame: MetricsFrame) -> None:
        for data in frame.data:
            if isinstance(data, LLMUsageMetricsData) and data.processor == self._service.name:
                self._answered = True
                tokens = data.value
                tell_tokens(self._watcher, self._model, tokens.prompt_tokens, tokens.completion_tokens)

    def _fail(self, frame: ErrorFrame) -> None:
        if frame.processor is self._service and frame.category is not ErrorCategory.APPLICATION:
            self._error = error_type(frame.exception)

    def _end(self, frame: LLMFullResponseEndFrame) -> None:
        if self._began is None:
            self._began = self._response_began()
        reason = end_of_answer.reason_of(frame, self._service)
        if end_of_answer.is_broken_off(frame):
            self._error = self._error or BROKEN_OFF
        elif end_of_answer.is_broken(reason):
            self._error = self._error or (FILTERED if end_of_answer.is_filtered(reason) else FAILED)
        elif self._answered and pipecat_private.speaks_like_openai(self._service):
            # what a realtime server refuses beside a response that goes on is no error of the response
            self._error = ""
        self._tell(self._error or ("" if self._answered else NO_RESPONSE))

    def _response_began(self) -> float | None:
        """When a realtime response began that only calls tools: Pipecat 1.14 tells of its end alone."""
        events = pipecat_private.session_events(self._service)
        return events.responded_at if events and events.responded_at > self._ended else None

    def _tell(self, error: str) -> None:
        """The request that is under way, if there is one, is over."""
        now = asyncio.get_running_loop().time()
        if self._began is not None:
            self._watcher.took(self._model, now - self._began, error)
            self._ended = now
        self._began, self._answered, self._error = None, False, ""

    @property
    def _model(self) -> Model:
        """The model of now: a call may have been handed to an agent that has another one."""
        asked = pipecat_private.settings_of(self._service).model
        return Model(self._plan.provider, asked if isinstance(asked, str) and asked else self._plan.model)


def tell_tokens(watcher: ModelWatcher, model: Model, taken: float | None, made: float | None) -> None:
    """Tell of what a request has used; a provider that counts nothing has told nothing."""
    kinds: tuple[tuple[TokenType, float | None], ...] = (("input", taken), ("output", made))
    for kind, tokens in kinds:
        if tokens:
            watcher.used(model, kind, tokens)


@contextlib.contextmanager
def timed(plan: ServicePlan, watcher: ModelWatcher | None) -> Iterator[None]:
    """Tell ``watcher`` of the block, which asks the model of ``plan`` beside a conversation."""
    began, error = asyncio.get_running_loop().time(), ""
    try:
        yield
    except BaseException as problem:
        error = error_type(problem)
        raise
    finally:
        if watcher:
            took = asyncio.get_running_loop().time() - began
            watcher.took(Model(plan.provider, plan.model), took, error)


def error_type(error: BaseException | None) -> str:
    """What an error is called in ``error.type``: an HTTP status, or the class of the exception.

    >>> error_type(TimeoutError())
    'TimeoutError'
    """
    if error is None:
        return _OTHER
    status = extract_http_status_code(error)
    return str(status) if status else type(error).__name__
