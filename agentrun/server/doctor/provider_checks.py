"""Makes one cheap request to each provider, to check key, model and clock."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime

import httpx

from agentrun.errors import SetupError
from agentrun.pipeline.services.openai_addresses import OPENAI_ADDRESS
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.server.doctor.local_checks import TIMEOUT_SECONDS, Finding
from agentrun.session.responses import error_words
from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioError

MOST_CLOCK_SECONDS = 30.0
"""Start tokens and signatures are about the time; Daily's are good for minutes."""


async def providers(plans: Sequence[Plan], environ: Mapping[str, str]) -> list[Finding]:
    """What each provider says to a question that costs nothing: OpenAI's list of models, Twilio's account."""
    findings: list[Finding] = []
    accounts: dict[tuple[str, str | None], set[str]] = {}
    for service in _services(plans):
        if service.provider != "openai":
            words = f"{service.provider}/{service.model} was not asked: no question to it is free"
            findings.append(Finding(service.provider, "warning", words))
            continue
        address = (service.base_url or OPENAI_ADDRESS).rstrip("/")
        accounts.setdefault((address, service.api_key), set()).add(service.model)
    for (address, key), models in accounts.items():
        findings += await _openai(address, key, models)
    if any(plan.has_transport("twilio") for plan in plans):
        findings.append(await _twilio(environ))
    return findings


def _services(plans: Iterable[Plan]) -> Iterator[ServicePlan]:
    for plan in plans:
        yield from (s for s in (plan.stt, plan.llm, plan.tts, plan.realtime) if s is not None)


async def _openai(address: str, key: str | None, models: set[str]) -> list[Finding]:
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answer = await client.get(f"{address}/models", headers={"Authorization": f"Bearer {key}"})
        answer.raise_for_status()
        ids = {str(model["id"]) for model in answer.json()["data"]}
    except httpx.HTTPStatusError:
        hint = "check the key" if answer.status_code in (401, 403) else "try again in a while"
        return [Finding("openai", "error", f"{address} answered {answer.status_code}", hint)]
    except httpx.HTTPError as error:
        words = error_words.unreachable(error) or f"{address} can't be reached: {type(error).__name__}"
        return [Finding("openai", "error", words, "look at OPENAI_BASE_URL or base_url, and at the network")]
    except (ValueError, LookupError, TypeError):
        return [Finding("openai", "error", f"{address} did not answer with a list of models")]
    findings = [Finding("openai", "ok", f"{address} takes the key")]
    absent = [f"{model} is not among the models of this key" for model in sorted(models - ids)]
    findings += [Finding("openai", "warning", words) for words in absent]
    return [*findings, *_clock(answer.headers.get("date"))]


def _clock(date: str | None) -> Iterator[Finding]:
    """Compare this machine's clock with an answer's Date header (RFC 9110 section 6.6.1, whole seconds)."""
    try:
        off = abs(time.time() - parsedate_to_datetime(date or "").timestamp())
    except ValueError:
        return
    wrong = off > MOST_CLOCK_SECONDS
    hint = "set the clock, for example with chrony" if wrong else ""
    yield Finding("clock", "error" if wrong else "ok", f"it differs from the provider's by {off:.0f} s", hint)


async def _twilio(environ: Mapping[str, str]) -> Finding:
    try:
        status = await twilio_rest.account(environ).check()
    except SetupError as error:
        return Finding("twilio", "error", error.message, error.hint)
    except TwilioError as error:
        return Finding("twilio", "error", error.message, "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    return Finding("twilio", "ok" if status == "active" else "error", f"the account is {status}")


async def webhook(
    plans: Sequence[Plan], environ: Mapping[str, str], number: str | None, *, fix: bool
) -> list[Finding]:
    """Whether Twilio sends the calls of ``number`` to the agent; with ``fix`` it does from now on."""
    agents = [plan for plan in plans if plan.has_transport("twilio")]
    number = number or environ.get(twilio_rest.FROM) or None
    if number is None or not agents:
        return []
    if len(agents) > 1:
        words = f"{number} can be sent to one agent, and there are {len(agents)}"
        return [Finding("webhook", "warning", words, "name the spec of that agent alone")]
    [plan] = agents
    if not plan.public_url:
        return [Finding("webhook", "error", "the public address is not known", "add --public-url https://…")]
    target = f"{plan.public_url}/{plan.spec.name}/twilio/voice"
    try:
        account = twilio_rest.account(environ)
        sid, now = await account.webhook(number)
        if now == target:
            return [Finding("webhook", "ok", f"calls to {number} go to {target}")]
        if not fix:
            words = f"calls to {number} go to {now or 'nowhere'}, not to {target}"
            return [Finding("webhook", "error", words, "doctor --live --fix sets it")]
        await account.send_calls_to(sid, target)
    except (SetupError, TwilioError) as error:
        return [Finding("webhook", "error", error.message, "check the number and the account")]
    return [
        Finding("webhook", "ok", f"calls to {number} go to {target} now; they went to {now or 'nowhere'}")
    ]
