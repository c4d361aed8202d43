"""Has a model analyse one call, with retries and within limits of time and length."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentrun.pipeline.services import structured_answer
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.services.structured_answer import NoAnswerError
from agentrun.plan.after_call import AnalysisPlan
from agentrun.plan.plan import ServicePlan
from agentrun.records.analysis import answer as answers
from agentrun.records.analysis import request
from agentrun.records.redaction.redaction import Redaction

WAITS = (0.0, 2.0, 10.0)
"""Seconds before each try; there are no more."""
TRY_SECONDS = 30.0
MOST_TOKENS = 4_000
"""Of one answer, with what a model thinks before it."""


@dataclass
class Analysis:
    """What came of it: ``found`` is a record's ``analysis``, ``usage`` what the models took, by service."""

    found: dict[str, Any]
    usage: dict[str, dict[str, float]] = field(default_factory=dict)


class _Tries:
    """The questions about one call."""

    def __init__(
        self, plan: AnalysisPlan, record: Mapping[str, Any], resources: Resources, redaction: Redaction
    ) -> None:
        self._plan = plan
        self._resources = resources
        self._redaction = redaction
        self._instructions = request.instructions(plan.wanted)
        self._conversation = request.conversation(record)
        self._complaint = ""
        self._enforce = True
        self.usage: dict[str, dict[str, float]] = {}
        self.count = 0
        self.wrong = ""
        self.model = ""

    async def run(self, waits: tuple[float, ...]) -> dict[str, Any] | None:
        """What a model has found out; None when all tries are used up, and then ``wrong`` says why."""
        for number, wait in enumerate(waits):
            await asyncio.sleep(wait)
            result = await self._try(self._plan.services[number % len(self._plan.services)])
            if result is not None:
                return result
        return None

    async def _try(self, service: ServicePlan) -> dict[str, Any] | None:
        self.count += 1
        self.model = f"{service.provider}/{service.model}"
        self.wrong = "no answer in time"
        try:
            async with asyncio.timeout(TRY_SECONDS):
                answer = await structured_answer.ask(
                    service,
                    self._instructions,
                    self._conversation + self._complaint,
                    request.schema(self._plan.wanted),
                    self._resources,
                    most_tokens=MOST_TOKENS,
                    enforce=self._enforce,
                )
        except TimeoutError:
            self.wrong = f"no answer within {TRY_SECONDS:g} s"
            return None
        except NoAnswerError as error:
            self.wrong = str(error)
            # a server that is only like OpenAI's may refuse the form of the answer
            self._enforce = False
            return None
        self._count(answer.usage)
        try:
            return answers.read(answer.text, self._plan.wanted)
        except answers.AnswerError as error:
            self.wrong = f"the model's answer can't be used: {error}"
            self._complain(answer.text, str(error))
            return None

    def _complain(self, text: str, wrong: str) -> None:
        """Have the next try know what was wrong; a model's own words are hidden as the record hides them."""
        answer = self._redaction.text(text[: answers.LONGEST_TEXT])
        self._complaint = (
            f"\n\nThis was answered before:\n{answer}\nThat can't be used: {self._redaction.text(wrong)}. "
            "Answer again, with the JSON object alone."
        )

    def _count(self, tokens: Mapping[str, float]) -> None:
        used = self.usage.setdefault(f"analysis {self.model}", {})
        for unit, amount in {"requests": 1.0, **tokens}.items():
            used[unit] = used.get(unit, 0.0) + amount


async def analyse(
    plan: AnalysisPlan,
    record: Mapping[str, Any],
    resources: Resources,
    redaction: Redaction,
    waits: tuple[float, ...] = WAITS,
) -> Analysis:
    """The analysis of ``record``, a call that is over, as ``CallRecord.as_json`` gives it.

    The model reads what the record shows, so that what is redacted there does not reach it; its words are
    redacted in turn. It never raises for a model's or a provider's sake: ``state`` is ``done``, ``failed``
    with a ``reason``, or ``skipped`` where the caller has not said a word. Takes ``plan.wanted.timeout``
    seconds at most.
    """
    if not request.has_words(record):
        return Analysis({"state": "skipped", "reason": "the caller said nothing"})
    began, tries = time.monotonic(), _Tries(plan, record, resources, redaction)
    result = None
    try:
        async with asyncio.timeout(plan.wanted.timeout):
            result = await tries.run(waits)
    except TimeoutError:
        tries.wrong = f"{tries.wrong or 'no answer'} (after {plan.wanted.timeout:g} s in all)"
    end = {"model": tries.model, "tries": tries.count, "seconds": round(time.monotonic() - began, 3)}
    if result is None:
        return Analysis({"state": "failed", "reason": redaction.text(tries.wrong), **end}, tries.usage)
    return Analysis({"state": "done", **redaction.value(result), **end}, tries.usage)
