"""The transcript of a call: the server's record, compared with what the caller said and heard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from agentrun.simulate.caller.conversation import CallProgress, Exchange
from agentrun.simulate.caller.results.report import Turn
from agentrun.transports.mulaw import Samples

Transcribe = Callable[[Samples], Awaitable[str]]
"""Words of 16-bit sound at 8 kHz."""
_CLOCK_SLACK_SECONDS = 0.5
"""The server's clock begins a little after this one."""

Entry = Mapping[str, Any]


def from_record(course: CallProgress, record: Mapping[str, Any]) -> list[Turn]:
    """Turns in the words of the server's record, with the waiting times of this side."""
    entries = [entry for entry in record["transcript"] if isinstance(entry, dict)]
    exchanges = course.exchanges or [Exchange()]
    turns: list[Turn] = []
    for exchange, group in zip(exchanges, _grouped(exchanges, entries), strict=True):
        turns += _recorded(exchange, group)
    return turns


async def from_sound(course: CallProgress, transcribe: Transcribe | None) -> list[Turn]:
    """Turns without a record: the agent's words are transcribed here, or only measured."""
    turns = []
    for exchange in course.exchanges:
        if exchange.said:
            turns.append(_caller(exchange))
        if exchange.heard:
            words = await transcribe(exchange.heard.pcm) if transcribe else ""
            turns.append(_agent(exchange, words))
    return turns


def _grouped(exchanges: Sequence[Exchange], entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each exchange: a caller's words belong to the latest utterance begun by then."""
    groups: list[list[Entry]] = [[] for _ in exchanges]
    current = 0
    for entry in entries:
        if entry.get("who") == "caller":
            at = float(entry.get("at") or 0.0) + _CLOCK_SLACK_SECONDS
            numbers = [number for number, each in enumerate(exchanges) if each.said and each.said.start <= at]
            current = max(current, numbers[-1] if numbers else 0)
        groups[current].append(entry)
    return groups


def _recorded(exchange: Exchange, entries: Sequence[Entry]) -> list[Turn]:
    turns = []
    if exchange.said and not any(entry.get("who") == "caller" for entry in entries):
        turns.append(_caller(exchange))
    timed = False
    for entry in entries:
        text = str(entry.get("text", ""))
        if entry.get("who") == "caller":
            turns.append(_caller(exchange, text))
        elif entry.get("who") == "tool":
            turns.append(_tool(entry, text))
        else:
            turns.append(_agent(exchange, text, timed=not timed, interrupted=bool(entry.get("interrupted"))))
            timed = True
    if exchange.heard and not timed:
        turns.append(_agent(exchange, ""))
    return turns


def _caller(exchange: Exchange, text: str = "") -> Turn:
    utterance = exchange.utterance
    if utterance is None:
        return Turn("caller", text)
    return Turn("caller", text, wav=utterance.wav, said=utterance.text)


def _tool(entry: Entry, text: str) -> Turn:
    arguments = entry.get("arguments")
    return Turn(
        "tool",
        text,
        name=str(entry.get("name", "")),
        arguments=arguments if isinstance(arguments, dict) else {},
        status=str(entry.get("status", "")),
    )


def _agent(exchange: Exchange, text: str, *, timed: bool = True, interrupted: bool = False) -> Turn:
    sound = exchange.heard if timed else None
    if sound is None:
        return Turn("agent", text, interrupted=interrupted)
    asked = exchange.said is not None
    return Turn(
        "agent",
        text or f"({sound.seconds:.1f} s of speech)",
        first_sound_ms=sound.first_sound_ms if asked else None,
        seconds=sound.seconds,
        interrupted=interrupted,
    )
