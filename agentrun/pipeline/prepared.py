"""Speech that is made before it is needed."""

from __future__ import annotations

import openai
from loguru import logger

from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.providers.parts import OPENAI

_SECONDS = 15.0


async def speech(plan: Plan, text: str, resources: Resources) -> bytes | None:
    """``text`` in the agent's voice as 24 kHz, 16-bit mono PCM, or None when it can't be had.

    An agent without it still works: it then speaks through the service itself.
    """
    if plan.fixed.provider != OPENAI or plan.fixed.api_key is None:
        return None
    client = openai.AsyncOpenAI(
        api_key=plan.fixed.api_key, base_url=plan.fixed.base_url, http_client=resources.http_client
    )
    settings = plan.fixed.settings
    options = {key: settings[key] for key in ("instructions", "speed") if key in settings}
    try:
        answer = await client.audio.speech.create(
            model=plan.fixed.model,
            voice=settings.get("voice", "alloy"),
            input=text,
            response_format="pcm",
            timeout=_SECONDS,
            **options,
        )
    except openai.OpenAIError as error:
        logger.warning("{}: could not prepare the apology: {}", plan.spec.name, error)
        return None
    return answer.content
