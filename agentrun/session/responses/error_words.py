"""A service that fails, in words for whoever runs the server: which, where, and what to do next."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.utils.errors import ErrorCategory

from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.session.responses.answer_state import AnswerState

LOOK = (
    "look at the address (OPENAI_BASE_URL, base_url) and the network, and ask with `agentrun doctor --live`"
)
_NEXT_STEPS = {
    ErrorCategory.AUTHENTICATION: "check its API key",
    ErrorCategory.AUTHORIZATION: "check what its API key may do",
    ErrorCategory.INVALID_REQUEST: "check the model's name and its settings in the spec",
    ErrorCategory.CONNECTIVITY: LOOK,
    ErrorCategory.SERVER: "the provider's own fault: look at its status page, or add `fallback`",
    ErrorCategory.QUOTA: "the account's quota is used up: look at its billing",
    ErrorCategory.RATE_LIMIT: "the account's rate is too high: raise its limits, or add `fallback`",
}
_MOST_CAUSES = 10
_MOST_WORDS = 300
_STATES = {AnswerState.STALLED: "stalled", AnswerState.EMPTY: "empty", AnswerState.FAILED: "late"}


def unreachable(error: BaseException | None) -> str:
    """Why no connection came about, with the server's address; empty when ``error`` is of another kind.

    The address is of scheme, host and port alone: a path or a user may be secret.

    >>> unreachable(ConnectionRefusedError(111, "Connection refused"))
    "the server can't be reached: connection refused"
    """
    chain = list(_causes(error))
    why = next((words for one in chain if (words := _why(one))), "")
    if not why:
        return ""
    address = next((candidate for one in chain if (candidate := _address(one))), "the server")
    return f"{address} can't be reached: {why}"


def describe(frame: ErrorFrame, kind: ErrorCategory, parts: PipelineParts) -> str:
    """Which part failed, why, and the next step.

    ``the language model (openai/gpt-4o at http://127.0.0.1:99) failed: http://127.0.0.1:99 can't be reached:
    connection refused; look at …``
    """
    what = _part(frame.processor, parts)
    if why := unreachable(frame.exception):
        return f"{what} failed: {why}; {LOOK}"
    # what is not a service, such as the line, has neither a key nor an address to look at
    step = _NEXT_STEPS.get(kind) if parts.progress.find(frame.processor) else None
    why = frame.error[:_MOST_WORDS]
    return f"{what} failed ({kind.value.replace('_', ' ')}): {why}" + (f"; {step}" if step else "")


def located(words: str, processor: FrameProcessor | None, parts: PipelineParts) -> str:
    """``words`` about an error, and the part that it is of, with service and address, where it has one."""
    part = parts.progress.find(processor)
    return f"{words}; {part.label}" if part else words


def awaited(state: AnswerState, reason: str, parts: PipelineParts) -> str:
    """Why an answer went wrong, with the part that was waited for, its address, and what it last did.

    It begins with a word for ``/metrics``, of the part and of what it did: ``llm_late``, ``tts_stalled``.
    """
    progress, tools = parts.progress, sorted(set(parts.progress.tools.values()))
    beside = f"; at work: {', '.join(tools)}" if tools else ""
    empty = state is AnswerState.EMPTY
    part = progress.empty() if empty else progress.awaited()
    if part is None:
        return f"answer_{_STATES[state]}: {reason}{beside}"
    where = part.label if empty else f"waited for {part.described()}"
    return f"{part.kind}_{_STATES[state]}: {reason}; {where}{beside}"


def _part(processor: FrameProcessor | None, parts: PipelineParts) -> str:
    part = parts.progress.find(processor)
    return part.label if part else str(processor)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _why(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({getattr(error, 'verify_message', error)})"
    if isinstance(error, ConnectionError | OSError) and error.strerror:
        return error.strerror.lower()
    if type(error).__name__ in ("ConnectTimeout", "APITimeoutError", "UnsupportedProtocol"):
        return str(error).rstrip(".") or "no connection in time"
    return ""


def _address(error: BaseException) -> str:
    try:
        url = getattr(error, "request", None) and error.request.url  # type: ignore[attr-defined]
    except RuntimeError:  # httpx's errors have none until they are sent
        return ""
    return f"{url.scheme}://{url.netloc.decode().rpartition('@')[2]}" if url else ""
