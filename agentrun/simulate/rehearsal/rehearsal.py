"""Rehearsal instead of a language model.

It picks the reply or the tool whose examples lie nearest to what was said: the examples are the spec's own
tests and the tools' names and descriptions. When nothing is near it asks back.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentrun.records.analysis import request
from agentrun.simulate.engines.engines import Answer, Conversation, ToolCall, answer_for
from agentrun.simulate.rehearsal import arguments, examples
from agentrun.simulate.rehearsal.examples import Example, Match
from agentrun.simulate.rehearsal.instructions import is_instruction, obey, text_of, without_tasks
from agentrun.simulate.rehearsal.spoken_results import tell
from agentrun.spec.models.after_call import AfterCall
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.scenarios import Move
from agentrun.tools.builtin import BUILTINS

Tools = Mapping[str, Mapping[str, Any]]
_CHANGED_MIND = 0.6
"""An answer to a question that lies this near to an example is no answer but a new wish."""
_AGAIN = re.compile(r"\b(again|repeat|pardon)\b", re.IGNORECASE)
_BYE = re.compile(r"\b(bye|goodbye|hang up)\b", re.IGNORECASE)
_YES = re.compile(r"^\W*(yes|yeah|yep|sure|okay|ok|go ahead)\b(\W+please)?\W*$", re.IGNORECASE)
_THANKS = re.compile(r"\b(thanks|thank you)\b", re.IGNORECASE)
_HELLO = re.compile(r"^\W*(hello|hi|hey|good (morning|afternoon|evening))\b(\W+there)?\W*$", re.IGNORECASE)
_VERB = re.compile(r"^(?:get|find|fetch|list|show|look up) ")
_OF_THE_CALL = {*BUILTINS, "handoff"}
"""Tools that a caller has no question for."""


class Rehearsal:
    """Answers for the agents of ``specs``; a conversation names its agent, or all of them are meant.

    ``today`` is what "tomorrow" and "Friday" are counted from.
    """

    def __init__(
        self, specs: Sequence[AgentSpec], today: Callable[[], datetime.date] = datetime.date.today
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._today = today

    async def answer(self, conversation: Conversation) -> Answer:
        """The next words or tool calls."""
        specs = self._of(conversation.agent)
        if request.is_analysis(conversation.messages):
            return Answer(json.dumps(_analysis(specs)))
        if conversation.schema is not None:
            return answer_for(conversation.schema, {})
        messages = without_tasks(conversation.messages, specs)
        turns = _turns(messages, specs)
        last = messages[-1] if messages else {"role": "system"}
        caller_words = turns[-1][1] if turns else ""
        results = _results(messages)
        if results:
            return Answer(" ".join(tell(result, caller_words) for result in results))
        if not caller_words or is_instruction(last, specs):
            return Answer(obey(text_of(last), specs))
        return self._reply(turns, conversation, specs)

    def _of(self, agent: str) -> list[AgentSpec]:
        return [self._specs[agent]] if agent in self._specs else list(self._specs.values())

    def _reply(
        self, turns: list[tuple[str, str]], conversation: Conversation, specs: Sequence[AgentSpec]
    ) -> Answer:
        tools: Tools = {tool["function"]["name"]: tool["function"] for tool in conversation.tools}
        pool = examples.collect(specs, tools)
        agent_words, caller_words = turns[-1]
        match = examples.nearest(pool, caller_words, turns[-2][1] if len(turns) > 1 else "")
        if arguments.is_question(agent_words) and (match is None or match.nearness < _CHANGED_MIND):
            answer = self._go_on(turns, pool, tools)
            if answer:
                return answer
        if match is None and _YES.match(caller_words) and agent_words:
            match = examples.nearest(pool, agent_words)
        if match:
            return self._play(match, [caller_words], tools)
        return Answer(_ask_back(caller_words, agent_words, tools))

    def _go_on(self, turns: list[tuple[str, str]], known: Sequence[Example], tools: Tools) -> Answer | None:
        """The tool that arguments were asked for, with all that was said since."""
        start = len(turns) - 1
        while start > 0 and arguments.is_question(turns[start][0]):
            start -= 1
        match = examples.nearest(known, turns[start][1])
        if match is None or not match.example.tools:
            return None
        return self._play(match, [caller_words for _, caller_words in turns[start:]], tools)

    def _play(self, match: Match, said: Sequence[str], tools: Tools) -> Answer:
        moves = match.example.moves
        calls = []
        for move in moves:
            if move.call:
                filled, question = self._arguments(move, match, said, tools)
                if question:
                    return Answer(question)
                calls.append(ToolCall(move.call, filled))
        text = "" if calls else " ".join(move.say for move in moves if move.say)
        return Answer(text, tuple(calls))

    def _arguments(
        self, move: Move, match: Match, said: Sequence[str], tools: Tools
    ) -> tuple[dict[str, Any], str]:
        """The example's arguments for its own words; for others, those that its words do not hold."""
        schema = tools[str(move.call)].get("parameters") or {}
        today = self._today()
        if match.nearness >= examples.SAME:
            return arguments.gather(schema, said, move.args, today)
        own, _ = arguments.gather(schema, [match.example.said], {}, today)
        fixed = {name: value for name, value in move.args.items() if name not in own}
        values, _ = arguments.gather(schema, said, {}, today)
        return arguments.gather(schema, said, {**fixed, **values}, today)


def _analysis(specs: Sequence[AgentSpec]) -> dict[str, Any]:
    """What can be said of a call that no language model reads: that it can't be told."""
    section = next((spec.after_call for spec in specs if spec.after_call), AfterCall())
    return {
        "summary": "This call was rehearsed, and no language model has read it.",
        "success": None,
        "fields": dict.fromkeys(section.fields),
    }


def _turns(messages: Sequence[Mapping[str, Any]], specs: Sequence[AgentSpec]) -> list[tuple[str, str]]:
    """What the caller heard and then said, turn by turn."""
    pairs: list[tuple[str, str]] = []
    agent_words = ""
    for message in messages:
        text = text_of(message)
        if message.get("role") == "assistant":
            agent_words = text or agent_words
        elif message.get("role") == "user" and text and not is_instruction(message, specs):
            pairs.append((agent_words, text))
    return pairs


def _results(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The tools' results at the end of the conversation, oldest first."""
    results: list[str] = []
    for message in reversed(messages):
        if message.get("role") != "tool":
            break
        results.insert(0, text_of(message))
    return results


def _ask_back(said: str, heard: str, tools: Tools) -> str:
    if _AGAIN.search(said) and heard:
        return heard
    if _BYE.search(said):
        return "Thank you for calling. Goodbye!"
    if _HELLO.match(said):
        return "Hello! How can I help you?"
    if _THANKS.search(said):
        return "You are welcome. Is there anything else?"
    offers = [_VERB.sub("", name.replace("_", " ")) for name in tools if name not in _OF_THE_CALL][:3]
    if offers:
        question = "Which one would you like?" if len(offers) > 1 else "Could you say it in another way?"
        return f"I am not sure what you mean. I can help with {' or '.join(offers)}. {question}"
    return "I heard you, but I am only rehearsing. Could you say it in another way?"
