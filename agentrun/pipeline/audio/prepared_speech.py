"""Speech that is synthesized before it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import openai
from loguru import logger

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.pipeline.services.speech import request as speech_request
from agentrun.pipeline.services.speech.audible_sound import check_length
from agentrun.pipeline.services.speech.sound import RATE, NoSpeechError
from agentrun.pipeline.text import speech_text
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.providers.service_plans import OPENAI
from agentrun.spec.models.agent import FixedWords
from agentrun.spec.values import templates, variables

START_SECONDS = 3.0
"""How long the server's start waits for prepared speech of all agents; OpenAI needs 1 to 2 seconds."""
OFFLINE_SECONDS = 15.0
"""The same for a local voice: all agents share its processors, and it does not hang."""

_PIECE_BYTES = 4_800


class SpeechError(Exception):
    """Why an agent has no prepared speech, and from which address it was requested."""

    def __init__(self, agent: str, address: str, reason: str) -> None:
        super().__init__(f"{agent}: {address}: {reason}")
        self.agent, self.address, self.reason = agent, address, reason


async def prepare(plans: Mapping[str, Plan], resources: Resources) -> dict[str, bytes | None]:
    """The apology of each agent, as 24 kHz, 16-bit mono PCM; None where it can't be had.

    Greetings that are the same for every caller are kept in ``resources``. All agents are asked for at once
    and waited for at most ``START_SECONDS``; an address that gives nothing is told in one line. An agent
    without prepared speech still works: it then speaks through the service itself.
    """
    offline = any(plan.offline for plan in plans.values())
    deadline = asyncio.get_running_loop().time() + (OFFLINE_SECONDS if offline else START_SECONDS)
    apologies = [_apology(plan, resources, deadline) for plan in plans.values()]
    greetings = [_greeting(plan, resources, deadline) for plan in plans.values()]
    results = await asyncio.gather(*apologies, *greetings, return_exceptions=True)
    failed = [result for result in results if isinstance(result, BaseException)]
    for error in failed:
        if not isinstance(error, SpeechError):
            raise error
    _warn([error for error in failed if isinstance(error, SpeechError)])
    sounds = (result if isinstance(result, bytes) else None for result in results)
    return dict(zip(plans, sounds, strict=False))


async def _apology(plan: Plan, resources: Resources, deadline: float) -> bytes | None:
    words = speech_text.of(plan).spoken(plan.spec.prompts.apology)
    return await _speech(plan, plan.fixed, words, resources, deadline)


async def _greeting(plan: Plan, resources: Resources, deadline: float) -> None:
    """Prepare the greeting if it is the same for every caller and a cascade's OpenAI voice speaks it."""
    words = plan.spec.greeting
    if not isinstance(words, FixedWords) or plan.tts is None:
        return
    text = templates.render_for_all(words.say, plan.spec.vars, variables.found_out(plan.spec))
    text = speech_text.of(plan).spoken(text) if text else text
    if not text or resources.ready_speech.find(plan.tts, text):
        return
    pcm = await _speech(plan, plan.tts, text, resources, deadline)
    if pcm:
        resources.ready_speech.keep(plan.tts, text, pcm)


async def _speech(
    plan: Plan, voice: ServicePlan, text: str, resources: Resources, deadline: float
) -> bytes | None:
    """The text as audio, or None for other voices than OpenAI's; raises SpeechError by ``deadline``."""
    if voice.provider != OPENAI or voice.api_key is None:
        return None
    client = openai.AsyncOpenAI(
        api_key=voice.api_key, base_url=voice.base_url, http_client=resources.http_client
    )
    options = {key: voice.settings[key] for key in ("instructions", "speed") if key in voice.settings}
    wanted = {
        "model": voice.model,
        "voice": voice.settings.get("voice", "alloy"),
        "input": text,
        "response_format": "pcm",
        **options,
    }
    try:
        async with asyncio.timeout_at(deadline):
            sound = speech_request.sound(client, wanted, _PIECE_BYTES, OFFLINE_SECONDS)
            pcm = b"".join([piece async for piece in sound])
            check_length(sum(map(str.isalpha, text)), len(pcm) / 2 / RATE)
    except TimeoutError:
        reason = "no answer in time"
    except openai.APIStatusError as error:
        reason = f"status {error.status_code}"
    except openai.APIConnectionError as error:
        reason = str(error.__cause__ or error) or type(error).__name__
    except NoSpeechError as error:
        reason = str(error)
    except speech_request.ERRORS as error:
        reason = type(error).__name__
    else:
        return pcm
    raise SpeechError(plan.spec.name, _without_password(str(client.base_url)), reason)


def _warn(errors: list[SpeechError]) -> None:
    """Log one line per address, with the agents that requested speech from it."""
    for address in dict.fromkeys(error.address for error in errors):
        there = [error for error in errors if error.address == address]
        agents = ", ".join(dict.fromkeys(error.agent for error in there))
        logger.warning(
            "{} speaks no apology or greeting ahead for {}: {}. Calls are answered all the same; "
            "look at the address and the key with `agentrun doctor --live`",
            address,
            agents,
            there[0].reason,
        )


def _without_password(address: str) -> str:
    """The address without user name and password."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
