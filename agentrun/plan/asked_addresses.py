"""The addresses that an agent connects to, such as those of models, and their places in the spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

from agentrun.plan.plan import Plan
from agentrun.providers.service_plans import ServicePlan
from agentrun.spec.loading.spec_file import Where

Reach = Literal["machine", "network", "anywhere"]
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_ARGUMENT = re.compile(r"\{\{[^{}]*\}\}")
_NOT_ASKED = ("public_url", "tests")
"""Where callers come in, and what nobody asks."""


@dataclass(frozen=True)
class Address:
    """``host`` and ``port`` of what stands at ``where``; an address in a variable isn't known."""

    where: Where
    host: str
    port: int

    @property
    def reach(self) -> Reach:
        """From where it can be asked: its own ``machine``, its own private ``network``, or ``anywhere``.

        >>> Address((), "127.0.0.1", 80).reach, Address((), "10.0.0.5", 80).reach
        ('machine', 'network')
        >>> Address((), "nas.local", 80).reach, Address((), "api.example.com", 443).reach
        ('network', 'anywhere')
        """
        name = self.host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return "machine"
        try:
            number = ip_address(name)
        except ValueError:
            return "network" if name.endswith((".local", ".lan", ".internal")) else "anywhere"
        if number.is_loopback or number.is_unspecified:
            return "machine"
        return "anywhere" if number.is_global else "network"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def of(plan: Plan) -> list[Address]:
    """What the spec of ``plan`` names, and where its services are otherwise.

    The environment says that, or they have a usual address, which counts where it is near by: a model's own
    server on this machine.
    """
    spec = plan.spec.model_dump(mode="python", exclude_unset=True)
    found = dict.fromkeys(_within(spec, ()))
    known = {(one.host, one.port) for one in found}
    for part in (plan.stt, plan.llm, plan.tts, plan.realtime, plan.fixed):
        for each in (part, *part.fallback) if part else ():
            address = _address(("pipeline", each.kind), each.base_url) or _usual(each)
            if address and (address.host, address.port) not in known:
                known.add((address.host, address.port))
                found[address] = None
    return list(found)


def _usual(part: ServicePlan) -> Address | None:
    setting = part.service.settings.get("base_url") if part.service and not part.base_url else None
    address = _address(("pipeline", part.kind), setting.default) if setting else None
    return address if address and address.reach != "anywhere" else None


def _within(value: Any, where: Where) -> Iterator[Address]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key not in _NOT_ASKED:
                yield from _within(each, (*where, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _within(each, (*where, index))
    elif address := _address(where, value):
        yield address


def _address(where: Where, value: object) -> Address | None:
    """The address that ``value`` is, whatever is filled in; text that has one among other words is none."""
    text = _ARGUMENT.sub("-", value) if isinstance(value, str) else " "
    if any(c.isspace() for c in text):
        return None
    try:
        parts = urlsplit(text)
        usual = _PORTS.get(parts.scheme.lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return Address(where, host, port or usual) if usual and host and "$" not in host else None
