"""What the model does in a scripted test: its ``llm:`` lines, and rehearsal where there are none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.simulate.engines.engines import Answer, Brain, Conversation, ToolCall
from agentrun.simulate.rehearsal.instructions import is_instruction, text_of, without_tasks
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Move, Scenario, Turn


class ScriptedModel:
    """A brain for many tests at once: each conversation names the test that it belongs to."""

    def __init__(self) -> None:
        self.roles: dict[str, Brain] = {}

    async def answer(self, conversation: Conversation) -> Answer:
        """The answer of the test's own brain."""
        role = self.roles.get(conversation.agent)
        return await role.answer(conversation) if role else Answer("The test is over.")


@dataclass
class Role:
    """The model of one test: plays each turn's ``llm:``, and rehearses the rest."""

    spec: AgentSpec
    scenario: Scenario
    rehearsal: Brain

    async def answer(self, conversation: Conversation) -> Answer:
        """The next answer of the turn that the conversation has come to."""
        messages = without_tasks(conversation.messages, [self.spec])
        told = messages[-1] if messages else {}
        said = _said(messages, self.spec)
        moves = self._moves(said)
        instructed = told.get("role") != "tool" and is_instruction(told, [self.spec])
        if not moves or (instructed and said):
            return await self.rehearsal.answer(conversation)
        answers = _answers(moves)
        called = _calls_since(messages, self.spec)
        before = 0
        for answer in answers:
            if before == called:
                return answer
            before += len(answer.calls)
        return await self.rehearsal.answer(conversation)

    def _moves(self, said: Sequence[str]) -> tuple[Move, ...]:
        """The moves of the turn at which the caller has said all this."""
        turns = _by_words(self.scenario.turns)
        if not said:
            return turns[0][1]
        same = [n for n, (words, _) in enumerate(turns) if n and _plain(words) == _plain(said[-1])]
        index = len(said) if len(said) in same or not same else same[0]
        return turns[index][1] if index < len(turns) else ()


def _by_words(turns: Sequence[Turn]) -> list[tuple[str, tuple[Move, ...]]]:
    """The caller's words and the model's moves after them; what comes before any words is first."""
    found: list[tuple[str, tuple[Move, ...]]] = [("", ())]
    for turn in turns:
        if turn.words is not None:
            found.append((turn.words, turn.llm))
        else:
            words, moves = found[-1]
            found[-1] = (words, moves + turn.llm)
    return found


def _answers(moves: Sequence[Move]) -> list[Answer]:
    """Moves as the answers of a model: words may come with calls, and follow their results."""
    answers: list[Answer] = []
    for move in moves:
        last = answers[-1] if answers else None
        if move.call:
            call = ToolCall(move.call, dict(move.args))
            if last is None:
                answers.append(Answer(calls=(call,)))
            else:
                answers[-1] = Answer(last.text, (*last.calls, call))
        elif last is None or last.calls:
            answers.append(Answer(str(move.say)))
        else:
            answers[-1] = Answer(f"{last.text} {move.say}")
    return answers


def _said(messages: Sequence[Mapping[str, Any]], spec: AgentSpec) -> list[str]:
    return [text_of(m) for m in messages if m.get("role") == "user" and not is_instruction(m, [spec])]


def _calls_since(messages: Sequence[Mapping[str, Any]], spec: AgentSpec) -> int:
    """How many tools were called since the caller spoke last."""
    count = 0
    for message in messages:
        if message.get("role") == "user" and not is_instruction(message, [spec]):
            count = 0
        count += len(message.get("tool_calls") or ())
    return count


def _plain(words: str) -> str:
    return re.sub(r"\W+", " ", words.lower()).strip()
