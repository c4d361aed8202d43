"""The scripted model of a test: its ``llm:`` lines, and implied answers."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentrun.records.analysis import request
from agentrun.simulate.engines.engines import Answer, Brain, Conversation, answer_for
from agentrun.simulate.rehearsal import examples
from agentrun.simulate.rehearsal.examples import Example
from agentrun.simulate.rehearsal.instructions import (
    asks_for_words,
    is_about_silence,
    is_instruction,
    text_of,
    without_tasks,
)
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Scenario
from agentrun.testing.results.outcome import Failure
from agentrun.testing.scripts.progress import ScriptProgress
from agentrun.testing.scripts.scripted_turns import (
    Place,
    ScriptedAnswer,
    SpokenTurn,
    answers_of,
    by_words,
    missing_answer,
)

_NOTHING_LEFT = "The script of this test has no answer left."


class ScriptedModel:
    """A brain for many tests at once: each conversation names the test that it belongs to."""

    def __init__(self) -> None:
        self.roles: dict[str, Brain] = {}
        self.misplays: dict[str, list[Failure]] = {}

    async def answer(self, conversation: Conversation) -> Answer:
        """The answer of the test's own brain."""
        role = self.roles.get(conversation.agent)
        return await role.answer(conversation) if role else Answer("The test is over.")


@dataclass
class Role:
    """The model of one test: plays each turn's ``llm:``.

    ``rehearsal`` does what an instruction asks for in so many words, such as a greeting, and tells a tool's
    result; it is asked for nothing that a test has to say. ``misplays`` are the calls of tools that the model
    was not offered when the test has it call them, and the turns that have no answer left.
    """

    spec: AgentSpec
    scenario: Scenario
    rehearsal: Brain
    misplays: list[Failure] = field(default_factory=list)
    progress: ScriptProgress = field(default_factory=lambda: ScriptProgress(()))
    _analysed: int = 0
    _told_at: tuple[int, int] = (0, 0)
    _place: Place = field(default_factory=Place)

    async def answer(self, conversation: Conversation) -> Answer:
        """The next answer of the turn that the conversation has come to, or of the analysis after it.

        A request for data gets what the turns so far let be read.
        """
        if request.is_analysis(conversation.messages):
            return await self._analyse(conversation)
        if conversation.schema is not None:
            return answer_for(conversation.schema, self._extracted(conversation))
        self.progress.asked += 1
        messages = without_tasks(conversation.messages, [self.spec])
        message = messages[-1] if messages else {}
        asks = asks_for_words(message) or is_about_silence(message)
        if message.get("role") == "system" and not asks:
            message = {}
        self._place.note(_said(messages, self.spec), _calls_since(messages, self.spec))
        spoken = self._turn()
        if is_about_silence(message):
            return await self._breaks_silence(spoken, conversation)
        turn, moves = spoken.index, spoken.moves
        instructed = message.get("role") != "tool" and is_instruction(message, [self.spec])
        if instructed and (self._place.said or not moves):
            return await self.rehearsal.answer(conversation)
        before, called = 0, self._place.called
        for answer in answers_of(moves):
            if before == called or before < called < before + len(answer.calls):
                left = answer if before == called else ScriptedAnswer(calls=answer.calls[called - before :])
                return self._play(left, conversation, turn)
            before += len(answer.calls)
        return await self._without_script(conversation, messages, spoken)

    async def _without_script(
        self, conversation: Conversation, messages: Sequence[Mapping[str, Any]], spoken: SpokenTurn
    ) -> Answer:
        """The first words of a call, and a tool's result as a sentence; anything else is missing."""
        place = len(self._place.said), self._place.called
        if place == (0, 0):
            return await self.rehearsal.answer(conversation)
        before = _before_words(messages)
        if _are_results(before, self.spec) and (len(before) == len(messages) or place != self._told_at):
            self._told_at = place
            return await self.rehearsal.answer(replace(conversation, messages=before))
        self.misplays.append(missing_answer(self.scenario, spoken, self._place.called))
        return Answer(_NOTHING_LEFT)

    async def _analyse(self, conversation: Conversation) -> Answer:
        """The test's next answer about the call; the last one stays."""
        answers = self.scenario.after_call.llm if self.scenario.after_call else ()
        if not answers:
            return await self.rehearsal.answer(conversation)
        answer = answers[min(self._analysed, len(answers) - 1)]
        self._analysed += 1
        return Answer(answer if isinstance(answer, str) else json.dumps(answer))

    def _extracted(self, conversation: Conversation) -> dict[str, Any]:
        """What the turns so far let be read from the conversation, by ``extract:``; the last one counts."""
        read = text_of(conversation.messages[-1]) if conversation.messages else ""
        turns = read.count("\nCaller: ")
        count = 0
        values: dict[str, Any] = {}
        for turn in self.scenario.turns:
            count += turn.words is not None
            if count <= turns:
                values |= turn.extract
        return values

    def _play(self, answer: ScriptedAnswer, conversation: Conversation, turn: int) -> Answer:
        """The answer with those of its calls that the model is offered now; the rest waits for the next."""
        offered = [tool.get("function", tool).get("name") for tool in conversation.tools]
        calls = tuple(itertools.takewhile(lambda each: each.move.call in offered, answer.calls))
        if answer.calls and not calls:
            self._misplay(str(answer.calls[0].move.call), offered, turn)
            return Answer("That can't be done here.")
        self._place.gave(len(calls))
        self.progress.made((*answer.words, *calls))
        return replace(answer, calls=calls).as_answer()

    def _misplay(self, name: str, offered: Sequence[str], turn: int) -> None:
        where = " at " + flow_place(self.spec, offered) if self.spec.flow else ""
        there = ", ".join(sorted(offered)) or "nothing"
        reason = f"the model is not offered it{where}; it is offered: {there}"
        self.misplays.append(Failure(turn + 1, 0, f"the model calls {name}", reason, "not_offered"))

    async def _breaks_silence(self, spoken: SpokenTurn, conversation: Conversation) -> Answer:
        """What the model says to a caller who is silent: the next ``llm:`` of a turn without words."""
        asked = sum(is_about_silence(message) for message in _since_words(conversation.messages, self.spec))
        if not 0 < asked <= len(spoken.silences):
            return await self.rehearsal.answer(conversation)
        turn, moves = spoken.silences[asked - 1]
        return self._play(answers_of(moves)[0], conversation, turn)

    def _turn(self) -> SpokenTurn:
        """The turn at which the caller has said all this."""
        texts = self._place.said
        turns = by_words(self.scenario.turns, texts, self.spec)
        if not texts:
            return turns[0]
        same = [n for n, turn in enumerate(turns) if n and _plain(turn.words) == _plain(texts[-1])]
        index = len(texts) if len(texts) in same or not same else same[0]
        turn = turns[index] if index < len(turns) else self._nearest(turns)
        return turn if self._has_begun(turn) else next(filter(self._has_begun, reversed(turns)), turn)

    def _has_begun(self, turn: SpokenTurn) -> bool:
        """Whether the caller has come to a turn: one that was heard as two is followed by nothing yet."""
        return not self.progress.is_played or turn.index <= self.progress.turn

    def _nearest(self, turns: Sequence[SpokenTurn]) -> SpokenTurn:
        """The turn of this test that is nearest to words that were heard as more turns than it has."""
        said = self._place.said[-1]
        match = examples.nearest([_example(turn) for turn in turns[1:]], said)
        if match:
            return next(turn for turn in turns[1:] if turn.words == match.example.said)
        return SpokenTurn(said, turns[-1].index, ())


def _example(turn: SpokenTurn) -> Example:
    return Example(turn.words, tuple(each.move for each in turn.moves))


def flow_place(spec: AgentSpec, offered: Sequence[str]) -> str:
    """The node of a flow that offers just these tools, in words."""
    flow = spec.flow
    assert flow is not None  # noqa: S101
    common = {function.name for function in flow.global_functions}
    nodes = [
        name
        for name, node in flow.nodes.items()
        if {one.name for one in node.functions} | common == set(offered)
    ]
    return "node " + " or ".join(f"'{name}'" for name in nodes) if nodes else "its node"


def _before_words(messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The messages before the agent's last words, such as those that fill a tool's time."""
    before = list(messages)
    while before and before[-1].get("role") == "assistant" and not before[-1].get("tool_calls"):
        before.pop()
    return before


def _are_results(messages: Sequence[Mapping[str, Any]], spec: AgentSpec) -> bool:
    """Whether the last thing that happened is a tool's result, and not only a step of a flow."""
    functions = spec.flow.functions() if spec.flow else ()
    steps = {function.name for _, function in functions if function.transition_only}
    results = list(itertools.takewhile(lambda message: message.get("role") == "tool", reversed(messages)))
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    names = {call.get("id"): (call.get("function") or {}).get("name") for call in calls}
    return any(names.get(result.get("tool_call_id")) not in steps for result in results)


def _said(messages: Sequence[Mapping[str, Any]], spec: AgentSpec) -> list[str]:
    return [text_of(m) for m in messages if m.get("role") == "user" and not is_instruction(m, [spec])]


def _calls_since(messages: Sequence[Mapping[str, Any]], spec: AgentSpec) -> int:
    """How many tools were called since the caller spoke last."""
    return sum(len(message.get("tool_calls") or ()) for message in _since_words(messages, spec))


def _since_words(messages: Sequence[Mapping[str, Any]], spec: AgentSpec) -> Sequence[Mapping[str, Any]]:
    """The messages from the caller's last words on."""
    spoken = [
        index
        for index, message in enumerate(messages)
        if message.get("role") == "user" and not is_instruction(message, [spec])
    ]
    return messages[spoken[-1] if spoken else 0 :]


def _plain(words: str) -> str:
    return re.sub(r"\W+", " ", words.lower()).strip()
