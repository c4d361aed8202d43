"""The estimated cost of a call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from agentrun.records.call_record import CallRecord

_MILLION = 1_000_000
_AUDIO = ("input", "cached", "output")


@cache
def prices() -> dict[str, Any]:
    """The prices and their date, as ``prices.yaml`` has them."""
    text = resources.files("agentrun.records").joinpath("prices.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def close(record: CallRecord) -> None:
    """The call is over now."""
    record.close()
    record.cost = estimate(record)


def of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The cost of a call whose record is stored, from what ``CallRecord.as_json`` gave."""
    record = CallRecord(row["id"], row["agent"], row["transport"])
    for name in ("usage", "seconds", "direction", "offline"):
        setattr(record, name, row.get(name) or getattr(record, name))
    return estimate(record)


def estimate(record: CallRecord) -> dict[str, Any]:
    """The parts of the call's cost and their sum; ``unknown`` names what has no price.

    A telephone is paid by the minute for as long as the line was open, and not while it rang. A call offline
    has cost nothing. ``prices`` is the date of the prices and ``sources`` says where those stand that were
    used.

    >>> record = CallRecord("1", "desk", "local")
    >>> record.usage["llm openai/gpt-4o"] = {"input_tokens": 1_000_000}
    >>> estimate(record)["total"]
    2.5
    """
    price_list = prices()
    parts: dict[str, float] = {}
    unknown = []
    for name, used in ({} if record.offline else record.usage).items():
        cost = _of_service(name, used, price_list)
        if cost is None:
            unknown.append(name)
        else:
            parts[name] = round(cost, 6)
    if record.transport == "twilio" and record.seconds > 0 and not record.offline:
        minutes = math.ceil(record.seconds / 60)
        kind = f"twilio {record.direction}"
        parts[kind] = round(minutes * float(price_list["telephone_minute"][kind]), 6)
    total = round(sum(parts.values()), 6)
    return {
        "estimate": True,
        "currency": price_list["currency"],
        "prices": str(price_list["date"]),
        "sources": _sources(parts, price_list["source"]),
        "total": total,
        "parts": parts,
        "unknown": unknown,
    }


def _sources(parts: Mapping[str, float], known: Mapping[str, str]) -> dict[str, str]:
    """Where the prices of ``parts`` stand, by provider (``llm openai/gpt-4o``, ``twilio inbound``)."""
    names = (part.partition("/")[0].split() for part in parts)
    providers = dict.fromkeys(name for words in names for name in words if name in known)
    return {provider: known[provider] for provider in providers}


def _of_service(name: str, used: Mapping[str, float], known: Mapping[str, Any]) -> float | None:
    """What a service's use costs, or None where there is no price."""
    kind, _, model = name.partition(" ")
    if kind == "stt":
        price = _priced(known["transcribed_minute"], model)
        return None if price is None else used.get("seconds", 0.0) / 60 * price
    if kind == "tts":
        price = _priced(known["spoken_characters"], model)
        return None if price is None else used.get("characters", 0.0) / _MILLION * price
    rates = _priced(known["tokens"], model)
    return None if rates is None else sum(_tokens(used, rates)) / _MILLION


def _priced(known: Mapping[str, Any], model: str) -> Any:
    """The price of a model; a dated one such as ``gpt-4o-2024-11-20`` costs what its name does."""
    matches = [name for name in known if model == name or model.startswith(f"{name}-20")]
    return known[max(matches, key=len)] if matches else None


def _tokens(used: Mapping[str, float], rates: Mapping[str, float]) -> list[float]:
    """Each kind of tokens at its rate: cached ones are among those that went in, sound among all."""
    sound = {kind: used.get(f"audio_{kind}_tokens", 0.0) for kind in _AUDIO}
    words = {kind: used.get(f"{kind}_tokens", 0.0) - sound[kind] for kind in _AUDIO}
    for group in (sound, words):
        group["input"] -= group["cached"]
    # a service may count otherwise than it says: nothing is paid back for that
    costs = [max(0.0, words[kind]) * rates[kind] for kind in _AUDIO]
    return costs + [max(0.0, sound[kind]) * rates.get(f"audio_{kind}", rates[kind]) for kind in _AUDIO]
