"""A scripted conversation with an agent, for the tests of plugins."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentrun import plugins, spec
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.records import Entry
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.calls.text_conversation import TextConversation, TurnReport
from agentrun.simulate.engines.engines import Answer, ToolCall
from agentrun.simulate.engines.scripted import ScriptedBrain
from agentrun.simulate.engines.silent import SilentEngine
from agentrun.simulate.openai import OpenAIServer
from agentrun.spec.models.agent import FixedWords
from agentrun.spec.models.scenarios import Turn
from agentrun.testing.substitutes import replace_look_up, replace_tools
from agentrun.testing.virtual_time import VirtualTimeLoop


class _Nobody:
    """Watches nothing."""

    def tool_started(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Not looked at."""

    def tool_ended(self, entry: Entry) -> None:
        """Not looked at."""

    def words(self, piece: str) -> None:
        """Not looked at."""

    def answer_ended(self) -> None:
        """Not looked at."""


class Conversation:
    """An agent whose model is scripted: session, pipeline, tools and context are those of a call.

    ``answers`` are what the model does, in order: words, or a tool and its arguments. ``results`` are given
    instead of calling the tools that they name. Waiting takes no time: the clock jumps. A greeting of fixed
    words takes no answer. AssertionError says that the script had no answer left for a turn, or at the end of
    the block that an answer was not asked for.

    >>> with Conversation("desk.yaml", ["Hello!", ("get_hours", {}), "Till nine."]) as talk:  # doctest: +SKIP
    ...     assert talk.greeting.agent == "Hello!"
    ...     assert talk.say("When do you close?").agent == "Till nine."
    """

    def __init__(
        self,
        path: str | Path,
        answers: Sequence[Sequence[Any]],
        *,
        results: Mapping[str, Any] | None = None,
        style: str | None = None,
    ) -> None:
        self._path, self._style = Path(path), style
        self._results = dict(results or {})
        self._brain = ScriptedBrain([_answer(answer) for answer in answers])
        self._runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self._stack = contextlib.AsyncExitStack()
        self._talk: TextConversation | None = None
        self._greets: Any = None
        self.greeting: TurnReport | None = None
        """What the agent began with, or None where the caller begins."""

    def say(self, words: str) -> TurnReport:
        """The turn that ``words`` of the caller's begin: ``agent`` is the answer, ``tools`` what ran."""
        assert self._talk is not None, "say() belongs into the `with` block"  # noqa: S101
        return self._answered(self._runner.run(self._talk.say(words)), f"say({words!r})")

    def assert_complete(self) -> None:
        """Fail when the model was not asked for every answer."""
        try:
            self._brain.assert_complete()
        except AssertionError as error:
            raise AssertionError(f"{error}{self._fixed_greeting()}") from None

    def _answered(self, report: TurnReport, what: str) -> TurnReport:
        """``report``, or AssertionError when the script had no answer for it."""
        if self._brain.unanswered:
            count, self._brain.unanswered = self._brain.unanswered, 0
            raise AssertionError(
                f"{what}: the model was asked, and the script has no answer left (asked {count} times); "
                f"add one to the answers of Conversation({str(self._path)!r}, …)"
            )
        return report

    def _fixed_greeting(self) -> str:
        """Why an answer may be left over: a script that begins with a greeting which no model makes."""
        if not isinstance(self._greets, FixedWords):
            return ""
        return f"; the greeting of {self._path} is fixed words, for which the model is not asked"

    def __enter__(self) -> Self:
        try:
            self._runner.run(self._begin())
            if self.greeting:
                self._answered(self.greeting, "the greeting")
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()
        if error is None:
            self.assert_complete()

    async def _begin(self) -> None:
        file = spec.load(self._path, style=self._style)
        self._greets = file.spec.prompts.greeting
        openai = OpenAIServer(SilentEngine(), SilentEngine(), self._brain)
        await self._stack.enter_async_context(openai)
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        tools = replace_tools(plugins.load(file), [Turn(tools=self._results)], lambda: 0)
        plan = planning.make(file, tools, environ, offline=True)
        plan = replace_look_up(plan, [Turn(tools=self._results)], lambda: 0)
        resources = await self._stack.enter_async_context(Resources())
        switchboard = Switchboard({file.spec.name: plan}, resources)
        self._stack.push_async_callback(switchboard.close)
        self._talk = TextConversation(plan, switchboard, _Nobody())
        self._stack.push_async_callback(self._talk.hang_up)
        self.greeting = await self._talk.greeting() if self._talk.begins else None


def _answer(given: Sequence[Any]) -> Answer:
    if isinstance(given, str):
        return Answer(given)
    name, arguments = given
    return Answer(calls=(ToolCall(str(name), dict(arguments)),))
