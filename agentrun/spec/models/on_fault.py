"""``on_fault:`` in a spec: where a caller is put through whom the agent can't go on with."""

from typing import Annotated

from pydantic import Field, StringConstraints

from agentrun.spec.models.base import SpecModel, Text


class OnFault(SpecModel):
    """Somebody who takes the call where the agent would otherwise apologise and hang up."""

    transfer: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")] = Field(
        description="The number that the caller is put through to, in quotes.", examples=["+15551234567"]
    )
    say: Text | None = Field(
        default="I am sorry, something went wrong on my side. I will put you through.",
        description="What the caller hears first, in Twilio's voice; null for nothing.",
    )
