"""A pipeline that is ready to run, with the parts that a session needs to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline.audio.playout_tracking import PlayoutTracker
from agentrun.pipeline.failover.failover import Failover
from agentrun.pipeline.part_progress import PartProgress
from agentrun.pipeline.pipecat_private import speaks_like_openai
from agentrun.pipeline.text.speech_text import SpeechText
from agentrun.pipeline.turns.held_words import HeldWords


@dataclass(frozen=True)
class PipelineParts:
    """A built pipeline and its parts; a part is None if the style does not have it."""

    pipeline: Pipeline
    context: LLMContext
    aggregators: LLMContextAggregatorPair
    llm: FrameProcessor
    stt: FrameProcessor | None = None
    tts: FrameProcessor | None = None
    playout: PlayoutTracker | None = None
    """Tracks what the caller has heard; None in a text conversation."""
    text: SpeechText = field(default_factory=lambda: SpeechText(None))
    """How the model's text is spoken."""
    progress: PartProgress = field(default_factory=PartProgress)
    """Tracks which part the caller is waiting for."""
    held: HeldWords | None = None
    """Keeps what the caller says over words that can't be interrupted."""
    piece: Callable[[bytes], bytes] = bytes
    """Given a chunk of a telephone caller's audio, returns what goes into the pipeline now."""

    def instruct(self, words: str) -> None:
        """Add ``words`` to the context as a developer message, which applies from the next answer on."""
        self.context.add_message({"role": "developer", "content": words})

    @property
    def is_realtime(self) -> bool:
        """Whether this is a speech-to-speech model, even if the conversation is in text."""
        return speaks_like_openai(self.llm) or (self.tts is None and self.playout is not None)

    @property
    def silent_for(self) -> float:
        """How long the agent had been silent, in seconds, when the end of its speech was reported."""
        return self.playout.silent_for if self.playout else 0.0

    @property
    def services(self) -> list[FrameProcessor]:
        """All services, including the fallbacks behind others."""
        processors: list[FrameProcessor] = []
        for part in (self.stt, self.llm, self.tts):
            if isinstance(part, Failover):
                processors += [member.service for member in part.members]
            elif part:
                processors.append(part)
        return processors
