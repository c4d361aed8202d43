"""``record:`` in a spec: where a call's record goes, and what stands in none."""

from __future__ import annotations

from pydantic import Field

from agentrun.spec.parts import SpecModel, Text


class Record(SpecModel):
    """What becomes of the records of this agent's calls."""

    webhook: Text | None = Field(
        default=None,
        description="Where `serve` sends each record once its call has ended: signed as Standard Webhooks "
        "says, and again until it has arrived.",
        examples=["https://crm.example.com/calls", "${CRM_WEBHOOK}"],
    )
