"""The words of an utterance, from services that are asked over HTTP."""

from __future__ import annotations

from typing import Any

from openai.types.audio import Transcription
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.whisper.base_stt import BaseWhisperSTTService

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.pipeline.services import transcript_shapes


def check_transcripts(service: FrameProcessor) -> None:
    """Have a transcript read in each of its shapes, and what is none refused in words that say what came.

    Pipecat takes ``text`` of whatever it is given, and says how Python fails at that.
    """
    if not isinstance(service, BaseWhisperSTTService):
        return

    async def checked(audio: bytes) -> Any:
        answer = await transcribe(audio)
        words = transcript_shapes.text_of(answer)
        if words is None:
            raise TypeError(f"no transcript came, but {_described(answer)}")
        return answer if getattr(answer, "text", None) == words else Transcription.construct(text=words)

    transcribe = replace_method(service, "_transcribe", checked)


def _described(answer: object) -> str:
    """What an answer is, without what may be the caller's words.

    >>> _described(None), _described("Hello."), _described([1])
    ('null', 'plain text of 6 characters', 'JSON of another shape (list)')
    """
    if answer is None:
        return "null"
    if isinstance(answer, str):
        is_page = answer.lstrip().startswith("<")
        return "a page of HTML" if is_page else f"plain text of {len(answer)} characters"
    keys = [str(key)[:40] for key in getattr(answer, "model_fields_set", ())]
    keys += [str(key)[:40] for key in getattr(answer, "model_extra", None) or ()]
    if keys:
        return f"an object with {', '.join(sorted(set(keys))[:8])}"
    return f"JSON of another shape ({type(answer).__name__})"
