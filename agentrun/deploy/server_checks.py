"""What doesn't work if `agentrun serve` runs unattended: in an image, as a service, in a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentrun.errors import Problem
from agentrun.plan.plan import Plan
from agentrun.spec.models.agent import LocalTransport


def problems(plan: Plan, _environ: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with ``plan`` on a machine that nobody sits at, and that can't write beside the spec."""
    yield from _transports(plan)
    audio = plan.spec.record.audio
    if audio and "://" not in audio.to and "${" not in audio.to:
        words = "the agent can't write beside its spec there"
        hint = "write to: ${RECORDINGS}, and have the secrets name a folder that it may write to: "
        hint += "RECORDINGS=/data/recordings in an image, /var/lib/NAME/recordings for systemd"
        yield plan.file.problem(("record", "audio", "to"), words, hint)


def _transports(plan: Plan) -> Iterator[Problem]:
    for transport in plan.file.spec.transport:
        if isinstance(transport, LocalTransport) and transport.device == "microphone":
            words = "a server has no microphone"
            yield plan.file.problem(("transport", "device"), words, "write device: browser, twilio or daily")


def replicated(plan: Plan, _environ: Mapping[str, str]) -> Iterator[Problem]:
    """The same, and what several replicas behind one address can't do."""
    yield from _transports(plan)
    if plan.daily and plan.daily.room_url is not None:
        words = "every replica would join this room"
        yield plan.file.problem(("transport", "room_url"), words, "remove room_url, and have rooms made")
    if plan.recording and plan.recording.address is None:
        words = "the disk of a replica goes with it, and the sound of its calls too"
        yield plan.file.problem(("record", "audio", "to"), words, "name an address such as s3://bucket/calls")
