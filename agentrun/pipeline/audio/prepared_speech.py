"""Speech that is made before it is needed."""

from __future__ import annotations

import openai
from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.text import speech_text
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.providers.service_plans import OPENAI
from agentrun.spec.models.agent import FixedWords
from agentrun.spec.values import templates

_SECONDS = 15.0


async def apology(plan: Plan, resources: Resources) -> bytes | None:
    """The apology in the agent's voice as 24 kHz, 16-bit mono PCM, or None when it can't be had.

    An agent without it still works: it then speaks through the service itself.
    """
    words = speech_text.of(plan).spoken(plan.spec.prompts.apology)
    return await _speech(plan, plan.fixed, words, resources)


async def greeting(plan: Plan, resources: Resources) -> None:
    """Keep the sound of a greeting that is the same for every caller, for OpenAI's voice of a cascade."""
    words = plan.spec.greeting
    if not isinstance(words, FixedWords) or plan.tts is None:
        return
    text = templates.render_for_all(words.say, plan.spec.vars)
    text = speech_text.of(plan).spoken(text) if text else text
    if not text or resources.ready_speech.find(plan.tts, text):
        return
    pcm = await _speech(plan, plan.tts, text, resources)
    if pcm:
        resources.ready_speech.keep(plan.tts, text, pcm)


async def _speech(plan: Plan, voice: ServicePlan, text: str, resources: Resources) -> bytes | None:
    if voice.provider != OPENAI or voice.api_key is None:
        return None
    client = openai.AsyncOpenAI(
        api_key=voice.api_key, base_url=voice.base_url, http_client=resources.http_client
    )
    options = {key: voice.settings[key] for key in ("instructions", "speed") if key in voice.settings}
    try:
        answer = await client.audio.speech.create(
            model=voice.model,
            voice=voice.settings.get("voice", "alloy"),
            input=text,
            response_format="pcm",
            timeout=_SECONDS,
            **options,
        )
    except openai.OpenAIError as error:
        logger.warning("{}: could not prepare its words: {}", plan.spec.name, error)
        return None
    return answer.content
