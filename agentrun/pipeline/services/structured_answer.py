"""Asks a language model one question outside the conversation, answered as JSON that follows a schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services import model_requests
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import ServicePlan

_AS_JSON = "\n\nAnswer with one JSON object that follows this JSON Schema, and nothing else:\n"


class NoAnswerError(Exception):
    """The model gave no answer; the words name it and say what went wrong, without what it was asked."""


@dataclass(frozen=True)
class StructuredAnswer:
    """``text`` is what the model wrote; ``usage`` its tokens by unit, as in a record, where it tells them."""

    text: str
    usage: dict[str, float] = field(default_factory=dict)


async def ask(
    plan: ServicePlan,
    instructions: str,
    text: str,
    schema: Mapping[str, Any],
    resources: Resources,
    *,
    most_tokens: int | None = None,
    enforce: bool = True,
) -> StructuredAnswer:
    """Ask the model of ``plan`` about ``text``; raises NoAnswerError. Whoever asks bounds the time.

    The provider is asked to enforce ``schema`` where it can, unless ``enforce`` is false; the model is told
    of it in words as well, and whoever asks checks what came back. An answer has ``most_tokens`` at most.
    The model is asked over a client of its own only where its provider has no shared one.

    >>> answer = await ask(plan.llm, "Read the caller's age.", "Caller: I am 80.", schema, resources)
    ...     # doctest: +SKIP
    """
    prompt = f"{instructions}{_AS_JSON}{json.dumps(schema, ensure_ascii=False)}"
    context = LLMContext([{"role": "user", "content": text}])
    service: Any = None
    usage: dict[str, float] = {}
    watcher = resources.model_watcher
    try:
        service = services.llm(plan, prompt, resources)
        pipecat_private.note_usage(service, usage)
        enforces = enforce and getattr(service, "supports_response_schema", False)
        with model_requests.timed(plan, watcher):
            answer = await service.run_inference(
                context, max_tokens=most_tokens, response_schema=dict(schema) if enforces else None
            )
    except Exception as error:  # any provider's client is asked, and each has errors of its own
        status = getattr(error, "status_code", "")
        why = f"{type(error).__name__}{f' {status}' if status else ''}"
        raise NoAnswerError(f"{plan.provider}/{plan.model} gave no answer: {why}") from error
    finally:
        if service is not None:
            await pipecat_private.close_own_clients([service], resources.http_client)
    if watcher:
        model = model_requests.Model(plan.provider, plan.model)
        model_requests.tell_tokens(watcher, model, usage.get("input_tokens"), usage.get("output_tokens"))
    if not answer:
        raise NoAnswerError(f"{plan.provider}/{plan.model} gave an empty answer")
    return StructuredAnswer(answer, usage)
