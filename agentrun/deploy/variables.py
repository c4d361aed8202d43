"""The environment variables that agents need at their target: names and purpose, never values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentrun.plan import daily
from agentrun.plan.plan import Plan
from agentrun.records.webhook import signature


@dataclass(frozen=True)
class Variable:
    """``name`` of a variable, ``what`` it is for, and whether nothing works without it."""

    name: str
    what: str
    required: bool = True


SET_THERE = frozenset(
    {"HOME", "HOSTNAME", "LANG", "PATH", "PWD", "SHELL", "TMPDIR", "TZ", "USER"}
    | {"AGENTRUN_HOST", "AGENTRUN_PORT", "AGENTRUN_PUBLIC_URL", "POD_NAME", "POD_NAMESPACE"}
)
"""What every process has, or a place sets by itself: a value among the secrets would take its place."""
SERVER_KEY = Variable("AGENTRUN_API_KEY", "who may start calls and read /metrics")
STORE = Variable("AGENTRUN_RECORDS", "where records are kept: postgresql+psycopg://…", required=False)
_TWILIO = (
    Variable("TWILIO_ACCOUNT_SID", "the Twilio account"),
    Variable("TWILIO_AUTH_TOKEN", "hangs up, transfers, and checks who calls"),
)
_WEBHOOK = Variable(signature.VARIABLE, "signs the records that are sent to the webhook: whsec_…")
_DIALIN = Variable("DAILY_WEBHOOK_SECRET", "the `hmac` of a telephone number at Daily", required=False)


def needed(plans: Iterable[Plan]) -> list[Variable]:
    """What ``plans``, made without any variable set, ask for; each name once, in the order of the files."""
    variables: dict[str, Variable] = {}
    for plan in plans:
        for one in _of(plan):
            variables.setdefault(one.name, one)
    return list(variables.values())


def names(plans: Iterable[Plan]) -> list[str]:
    """The names alone."""
    return [one.name for one in needed(plans)]


def _of(plan: Plan) -> Iterator[Variable]:
    for one in plan.everyone:
        for name in one.missing:
            if name in SET_THERE:
                continue
            yield Variable(
                name, "a room for each call" if name == daily.KEY else f"asked for by {one.spec.name}"
            )
    if plan.has_transport("twilio"):
        yield from _TWILIO
    if plan.daily:
        yield _DIALIN
    if plan.webhook:
        for name in plan.webhook.missing:
            yield _WEBHOOK if name == signature.VARIABLE else Variable(name, "where records are sent")
