"""What doesn't work on Pipecat Cloud, found before a call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import AgentSpec, LocalTransport, TwilioTransport
from agentrun.spec.models.callers_and_hours import Callers
from agentrun.spec.models.daily import DailyTransport

LEAST_SESSION, MOST_SESSION = 60, 14_400
"""Seconds that ``max_session_duration`` may be, by the package ``pipecatcloud`` 1.4."""
WORDS_SECONDS = 60
"""What a session gets beyond the longest call: the last words of it, and its record."""
STORE = "AGENTRUN_RECORDS"
_GATE = "their gateway lets every session in, and each has a container of its own"
_DISPATCH = (
    "let a server of your own hold it (`agentrun serve --dispatch pipecat-cloud`) and say --dispatched"
)
_NO_DIAL = "calls are placed by `agentrun serve`, which does not run there"
_COUNTS = ("calls", "calls_per_caller", "calls_per_minute")


def session_seconds(spec: AgentSpec) -> int:
    """How long a session may last, so that a call ends by its own limit and not by the platform's.

    >>> from agentrun.spec.models.agent import AgentSpec, Prompts
    >>> spec = AgentSpec(name="desk", transport="daily", prompts=Prompts(system="Be brief."))
    >>> session_seconds(spec)
    1860
    """
    return max(LEAST_SESSION, math.ceil(spec.limits.max_duration) + WORDS_SECONDS)


def problems(plan: Plan, environ: Mapping[str, str]) -> list[Problem]:
    """What is wrong with ``plan`` there; ``environ`` is what its container is to have."""
    return [
        *_transports(plan.file),
        *_session_length(plan.file),
        *_bounds(plan.file),
        *_lost_with_container(plan, environ),
    ]


def dispatched_problems(plan: Plan, environ: Mapping[str, str]) -> list[Problem]:
    """The same, where `agentrun serve --dispatch pipecat-cloud` alone starts its sessions."""
    return [*of_dispatched(plan.file), *_lost_with_container(plan, environ)]


def of_dispatched(file: SpecFile) -> Iterator[Problem]:
    """What is wrong where `agentrun serve --dispatch pipecat-cloud` alone lets calls in.

    It holds hours, callers and limits by itself, of calls that come over Twilio.
    """
    yield from _session_length(file)
    for index, transport in enumerate(file.spec.transport):
        where: Where = ("transport", index) if ("transport", index) in file.places else ("transport",)
        if not isinstance(transport, TwilioTransport):
            words = f"calls over {transport.type} are not dispatched, and so have no hours, callers or limits"
            yield file.problem((*where, "type"), words, "write transport: twilio, or deploy it by itself")
        elif "dial" in transport.model_fields_set:
            yield file.problem((*where, "dial"), _NO_DIAL, "place them from a server of your own", "warning")
    if file.spec.limits.calls == "auto":
        words = "auto counts what a server carries, and these calls are answered elsewhere"
        yield file.problem(("limits", "calls"), words, "write a number, such as that of max_agents")


def _transports(file: SpecFile) -> Iterator[Problem]:
    for index, transport in enumerate(file.spec.transport):
        where: Where = ("transport", index) if ("transport", index) in file.places else ("transport",)
        if isinstance(transport, LocalTransport) and transport.device == "microphone":
            words = "a container has no microphone"
            yield file.problem((*where, "device"), words, "write device: browser, twilio or daily")
        elif isinstance(transport, DailyTransport) and transport.room_url is not None:
            words = "each session comes with a room of its own"
            yield file.problem((*where, "room_url"), words, "remove room_url and token")
        elif isinstance(transport, TwilioTransport) and "dial" in transport.model_fields_set:
            yield file.problem((*where, "dial"), _NO_DIAL, "place them from a server of your own", "warning")


def _session_length(file: SpecFile) -> Iterator[Problem]:
    if session_seconds(file.spec) > MOST_SESSION:
        most = (MOST_SESSION - WORDS_SECONDS) // 60
        words = f"a session lasts {MOST_SESSION // 3600} hours at most, with a minute for the last words"
        yield file.problem(("limits", "max_duration"), words, f"write {most}m or less")


def _bounds(file: SpecFile) -> Iterator[Problem]:
    """Who may call, when, and how many: what somebody has to ask before the session begins."""
    spec = file.spec
    if spec.hours:
        yield file.problem(("hours",), f"can't be held there: {_GATE}", f"{_DISPATCH}, or remove it")
    if spec.callers != Callers():
        hint = f"{_DISPATCH}, or block numbers at Twilio or Daily"
        yield file.problem(("callers",), f"can't be held there: {_GATE}", hint)
    for name in _COUNTS:
        if getattr(spec.limits, name) is not None:
            hint = f"{_DISPATCH}; without it `max_agents` in pcc-deploy.toml bounds the sessions at once"
            yield file.problem(("limits", name), f"can't be held there: {_GATE}", hint)


def _lost_with_container(plan: Plan, environ: Mapping[str, str]) -> Iterator[Problem]:
    """What would be written to a disk that goes with the container."""
    file, store = plan.file, environ.get(STORE, "")
    recording = plan.recording
    if recording and recording.address is None:
        words = "a container's disk goes with it, and the sound of its calls too"
        yield file.problem(("record", "audio", "to"), words, "name an address such as s3://bucket/calls")
    if plan.webhook or store.startswith("postgresql"):
        return
    words = "a container's disk goes with it, and the records of its calls too"
    hint = f"add record.webhook, or set {STORE} to a PostgreSQL"
    if store and store != "none":
        yield file.problem(("record",), f"{STORE} names a file: {words}", hint)
    elif not store:
        yield file.problem(("record",), words, f"{hint}, or to none", "warning")
