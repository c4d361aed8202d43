"""``record:`` in a spec: where a call's record goes, and what stands in none."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agentrun.spec.parts import SpecModel, Text, list_of_one


class Record(SpecModel):
    """What becomes of the records of this agent's calls."""

    webhook: Text | None = Field(
        default=None,
        description="Where `serve` sends each record once its call has ended: signed as Standard Webhooks "
        "says, and again until it has arrived.",
        examples=["https://crm.example.com/calls", "${CRM_WEBHOOK}"],
    )
    redact: Annotated[tuple[Literal["phone", "email", "card"], ...], list_of_one] = Field(
        default=(), description="What stands in no record and no log, written or spoken."
    )
