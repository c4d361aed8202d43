"""Checks the use of telephone keys: without a telephone, or with menus that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from agentrun.spec.checks.call_control import TELEPHONES
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.models.telephone_keys import Keys

Finding = tuple[Where, str, str]


def check(file: SpecFile) -> Iterator[Finding]:
    """Every mistake in ``turns.keys`` and in the ``keys`` of a flow's nodes."""
    spec = file.spec
    for where, _ in places(spec):
        yield from _telephone(where, spec)
    yield from _ways(spec)
    realtime = spec.pipeline.realtime.provider
    if spec.pipeline.style == "realtime" and realtime != "openai":
        for where, _ in places(spec):
            message = f"{realtime}'s realtime models can't be given keys"
            yield where, message, "write pipeline.style: cascaded, or an openai realtime model"


def places(spec: AgentSpec) -> Iterator[tuple[Where, Keys]]:
    """Everything that keys mean, and where it stands."""
    if spec.turns.keys:
        yield ("turns", "keys"), spec.turns.keys
    for name, node in spec.flow.nodes.items() if spec.flow else ():
        if node.keys:
            yield ("flow", "nodes", name, "keys"), node.keys


def _telephone(where: Where, spec: AgentSpec) -> Iterator[Finding]:
    kinds = [transport.type for transport in spec.transport]
    if not any(kind in TELEPHONES for kind in kinds):
        message = f"keys need a telephone, and transport '{kinds[0]}' has none"
        yield where, message, f"add transport: {TELEPHONES[0]}, or remove the keys"


def _ways(spec: AgentSpec) -> Iterator[Finding]:
    """Ways of ``turns.keys`` that lead nowhere; those of the nodes are ways of the flow."""
    nodes = list(spec.flow.nodes) if spec.flow else []
    for pressed, to in spec.turns.keys.ways if spec.turns.keys else ():
        at = ("turns", "keys", "menu", pressed, "to")
        if not nodes:
            yield at, "there is no flow that it could lead into", "leave `to` out, or add a flow"
        elif to not in nodes:
            hint = closest(to, nodes) or f"name one of its nodes: {', '.join(nodes)}"
            yield at, f"there is no node '{to}'", hint
