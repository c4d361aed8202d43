"""Recognizes a goodbye that the model says itself next to a tool call that would say one too."""

from __future__ import annotations

import re

from pipecat.frames.frames import (
    Frame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline import pipecat_private, pushed_frames

_PARTING = re.compile(
    r"\b(?:good ?-?bye|bye|farewell|take care(?! of)|good night|(?:see|talk to) you (?:soon|later)"
    r"|have an? (?:very |really )?(?:good|great|nice|lovely|wonderful|pleasant|fantastic|safe|blessed) \w+"
    r"|tschüss?|auf wieder(?:hören|sehen|schauen)|schönen (?:\w+ ){0,2}(?:tag|abend)|bis (?:bald|dann)"
    r"|adiós|hasta (?:luego|pronto|la vista)|buen día|au revoir|à bientôt|bonne (?:journée|soirée|nuit)"
    r"|arrivederci|arrivederla|ciao|buona (?:giornata|serata|notte)|tot ziens|fijne (?:dag|avond)"
    r"|adeus|tchau|até (?:logo|breve)|tenha uma? (?:bom|boa|ótim[oa]))\b",
    re.IGNORECASE,
)
"""In the seven languages that numbers are read in; in others the words themselves tell."""
_OF_ANSWER = (LLMTextFrame, FunctionCallsStartedFrame, LLMFullResponseEndFrame, InterruptionFrame)
_END_SECONDS = 1.0
"""How long to wait for the end of the answer that called the tool."""
_SAME = 0.6
"""The share of a goodbye's words that an answer has which says it in other words."""


def says_goodbye(goodbye: str, answer: str) -> bool:
    """Whether ``answer`` already says goodbye, so that ``goodbye`` after it would repeat that.

    >>> says_goodbye("Goodbye.", "Thank you for your call, bye!")
    True
    >>> says_goodbye("Goodbye.", "Your table is booked.")
    False
    >>> says_goodbye("Näkemiin, kiitos.", "Kiitos soitosta, näkemiin!")
    True
    """
    wanted, said = (set(re.findall(r"\w+", text.lower())) for text in (goodbye, answer))
    same = len(wanted & said) >= _SAME * len(wanted)
    return bool(said) and (same or _PARTING.search(answer) is not None)


class AnswerWords:
    """The words of the model's answer in which it called the tools that it called last."""

    def __init__(self, llm: FrameProcessor) -> None:
        self._llm = llm
        self._words, self._called = "", False
        self.beside_call = ""
        """Before the call, or behind it."""
        pushed_frames.watch_pushed_frames(llm, _OF_ANSWER, self._pushed)

    async def unsaid(self, goodbye: str) -> str:
        """``goodbye``, or empty if the answer that called the tool says goodbye itself.

        A realtime model may go on speaking behind the call.
        """
        if pipecat_private.speaks_like_openai(self._llm):
            await pipecat_private.wait_until_answering(self._llm, False, _END_SECONDS)
        return "" if says_goodbye(goodbye, self.beside_call) else goodbye

    def _pushed(self, frame: Frame) -> None:
        if isinstance(frame, LLMTextFrame):
            self._words += frame.text
        elif isinstance(frame, FunctionCallsStartedFrame):
            self._called = True
        if self._called:
            self.beside_call = self._words
        if isinstance(frame, LLMFullResponseEndFrame | InterruptionFrame):
            self._words, self._called = "", False
