"""Why a call can't be resumed at another machine."""

from __future__ import annotations

from collections.abc import Iterator

from agentrun.spec.loading.spec_file import SpecFile, Where

Finding = tuple[Where, str, str]


def check(file: SpecFile) -> Iterator[Finding]:
    """What contradicts ``resume: true``."""
    spec = file.spec
    if not spec.resume:
        return
    where: Where = ("resume",)
    if all(transport.type != "twilio" for transport in spec.transport):
        yield where, "only a call over Twilio can be resumed", "leave resume out"
    if spec.pipeline.style == "realtime":
        message = "a realtime model can't go on with the conversation of another session"
        yield where, message, "write pipeline.style: cascaded, or leave resume out"
    if spec.handoff:
        message = "a call that was handed over can't be resumed: which agent had it is not stored"
        yield where, message, "leave handoff or resume out"
    if spec.record.audio:
        message = "a call that goes on at another machine can't be recorded in one piece"
        yield where, message, "leave record.audio or resume out"
