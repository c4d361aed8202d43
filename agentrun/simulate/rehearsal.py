"""Rehearsal instead of a language model.

It picks the reply or the tool whose examples lie nearest to what was said: the examples are the spec's own
tests and the tools' names and descriptions. When nothing is near it asks back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.simulate.arguments import fill
from agentrun.simulate.engines import Answer, Conversation, ToolCall
from agentrun.simulate.matching import Index
from agentrun.simulate.telling import tell
from agentrun.spec.models import AgentSpec
from agentrun.spec.scenario import Move

NEAR = 0.34
"""Below this nothing was meant. On the 15 phrases of tests/corpus the lowest right match lies above it."""
_AGAIN = re.compile(r"\b(again|repeat|pardon)\b", re.IGNORECASE)
_BYE = re.compile(r"\b(bye|goodbye|hang up)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“](.+?)[\"”]", re.DOTALL)
_YOU_ARE = re.compile(r"\bthat you(?: are|'re) ([^.,;!]+)", re.IGNORECASE)
_VERB = re.compile(r"^(?:get|find|fetch|list|show|look up) ")
_LOST = re.compile(r"connection was lost", re.IGNORECASE)


@dataclass(frozen=True)
class _Example:
    said: str
    moves: tuple[Move, ...]


class Rehearsal:
    """Answers for the agents of ``specs``; a conversation names its agent, or all of them are meant."""

    def __init__(self, specs: Sequence[AgentSpec]) -> None:
        self._specs = {spec.name: spec for spec in specs}

    async def answer(self, conversation: Conversation) -> Answer:
        """The next words or tool calls."""
        specs = self._of(conversation.agent)
        last = conversation.messages[-1] if conversation.messages else {"role": "system"}
        said = _last_said(conversation, specs)
        if last.get("role") == "tool":
            return Answer(tell(_text(last), said))
        if said == "" or _is_instruction(last, specs):
            return Answer(_obey(_text(last), specs))
        return self._reply(said, conversation, specs)

    def _of(self, agent: str) -> list[AgentSpec]:
        return [self._specs[agent]] if agent in self._specs else list(self._specs.values())

    def _reply(self, said: str, conversation: Conversation, specs: Sequence[AgentSpec]) -> Answer:
        tools = {tool["function"]["name"]: tool["function"] for tool in conversation.tools}
        examples = [*_examples(specs, tools), *_examples_of_tools(tools)]
        scores = Index([example.said for example in examples]).scores(said) if examples else []
        best = max(range(len(scores)), key=scores.__getitem__, default=-1)
        if best >= 0 and scores[best] >= NEAR:
            return _play(examples[best].moves, tools, said)
        return Answer(_ask_back(said, conversation, tools))


def _examples(specs: Sequence[AgentSpec], tools: dict[str, Any]) -> list[_Example]:
    """The turns of the tests whose moves this agent can make."""
    return [
        _Example(turn.user, turn.llm)
        for spec in specs
        for test in spec.tests
        for turn in test.turns
        if turn.user and turn.llm and all(move.call is None or move.call in tools for move in turn.llm)
    ]


def _examples_of_tools(tools: dict[str, Any]) -> list[_Example]:
    return [
        _Example(f"{name} {tool.get('description', '').splitlines()[0]}", (Move(call=name),))
        for name, tool in tools.items()
    ]


def _play(moves: Sequence[Move], tools: dict[str, Any], said: str) -> Answer:
    calls = []
    for move in moves:
        if move.say:
            return Answer(move.say)
        arguments, question = fill(tools[str(move.call)].get("parameters", {}), said)
        if question and not move.args:
            return Answer(question)
        calls.append(ToolCall(str(move.call), {**arguments, **move.args}))
    return Answer(calls=tuple(calls))


def _ask_back(said: str, conversation: Conversation, tools: dict[str, Any]) -> str:
    if _AGAIN.search(said):
        spoken = [_text(m) for m in conversation.messages if m.get("role") == "assistant" and _text(m)]
        if spoken:
            return spoken[-1]
    if _BYE.search(said):
        return "Thank you for calling. Goodbye!"
    if tools:
        offers = " or ".join([_VERB.sub("", name.replace("_", " ")) for name in tools][:3])
        return f"I am not sure what you mean. I can help with {offers}. Which one would you like?"
    return "I heard you, but I am only rehearsing. Could you say it in another way?"


def _last_said(conversation: Conversation, specs: Sequence[AgentSpec]) -> str:
    said = [
        _text(message)
        for message in conversation.messages
        if message.get("role") == "user" and not _is_instruction(message, specs)
    ]
    return said[-1] if said else ""


def _is_instruction(message: dict[str, Any], specs: Sequence[AgentSpec]) -> bool:
    """Whether a message tells the model what to do; realtime services give these the caller's role."""
    if message.get("role") in ("system", "developer"):
        return True
    text = _text(message)
    greetings = {spec.prompts.greeting for spec in specs if isinstance(spec.prompts.greeting, str)}
    return text in greetings or text.startswith("Say exactly these words") or bool(_LOST.search(text))


def _obey(instruction: str, specs: Sequence[AgentSpec]) -> str:
    quoted = _QUOTED.search(instruction)
    if quoted:
        return quoted[1].strip()
    if _LOST.search(instruction):
        return "Sorry, we were cut off for a moment. What did you say last?"
    who = _YOU_ARE.search(instruction)
    if who:
        return f"Hello! I am {who[1].strip()}. How can I help you?"
    if specs and "introduce" in instruction.lower():
        return f"Hello! I am {specs[0].name.replace('-', ' ')}, a computer voice. How can I help you?"
    return "Hello! How can I help you?"


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text") or part.get("transcript") or "") for part in content).strip()
