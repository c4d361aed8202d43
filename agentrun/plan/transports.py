"""The transports of a spec, with their environment variables filled in."""

from __future__ import annotations

from collections.abc import Mapping

from agentrun.plan import daily
from agentrun.plan.checks import twilio_account
from agentrun.providers.service_plans import APIS, ServicePlanner
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.agent import Transport, TwilioTransport
from agentrun.spec.models.daily import DailyTransport
from agentrun.spec.values.addresses import problem_with


def plan(
    file: SpecFile, planner: ServicePlanner, public_url: str | None, environ: Mapping[str, str]
) -> tuple[Transport, ...]:
    """Every transport of ``file``; ``public_url`` wins over the spec's. What is wrong goes to ``planner``.

    ``environ`` has the variables of a telephone company's account, none where it isn't asked.
    """
    transports: list[Transport] = []
    for index, transport in enumerate(file.spec.transport):
        planner.address(APIS.get(transport.type, ""), ("transport",))
        if isinstance(transport, DailyTransport):
            transports.append(daily.plan(transport, index, file, planner))
        elif isinstance(transport, TwilioTransport):
            transports.append(_twilio(transport, index, file, planner, public_url))
            for name, message, hint in twilio_account.faults(environ):
                planner.problem(("transport", index), f"{name} {message}", hint)
        else:
            transports.append(transport)
    return tuple(transports)


def _twilio(
    transport: TwilioTransport, index: int, file: SpecFile, planner: ServicePlanner, public_url: str | None
) -> TwilioTransport:
    where: Where = ("transport", "public_url")
    if where not in file.places:
        where = ("transport", index, "public_url")
    url = public_url or planner.text(transport.public_url, where)
    if url and (message := problem_with(url)):
        planner.problem(where, message, "write https://voice.example.com")
    elif url and not public_url and (message := twilio_account.unreachable(url)):
        planner.notes.append(file.problem(where, message, "write https://voice.example.com", "warning"))
    return transport.model_copy(update={"public_url": url.rstrip("/") if url else None})
