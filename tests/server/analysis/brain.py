"""A scripted model that holds calls, and is asked about them once they are over."""

from __future__ import annotations

from collections.abc import Iterable

from agentrun.records.analysis import request
from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.engines.scripted import ScriptedBrain
from agentrun.simulate.openai import OpenAIServer


class AnalysisBrain(ScriptedBrain):
    """Gives its ``answers`` in calls, and of its ``analyses`` the next one about each call, or nothing."""

    def __init__(self, answers: Iterable[Answer] = (), analyses: Iterable[str] = ()) -> None:
        super().__init__(answers)
        self._analyses = list(analyses)
        self.analysed: list[Conversation] = []

    async def answer(self, conversation: Conversation) -> Answer:
        """The next answer of its kind."""
        if not request.is_analysis(conversation.messages):
            return await super().answer(conversation)
        self.analysed.append(conversation)
        return Answer(self._analyses.pop(0) if self._analyses else "")


def asked(openai: OpenAIServer) -> int:
    """How often the server was asked for an answer, whoever asked."""
    return sum(each.route == "chat" for each in openai.requests)
