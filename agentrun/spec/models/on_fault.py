"""``on_fault:`` in a spec: where to transfer a caller if the agent can't go on."""

from pydantic import Field

from agentrun.spec.models.base import SpecModel, Text
from agentrun.spec.values.destinations import Destination


class OnFault(SpecModel):
    """Who takes the call when the agent would otherwise apologise and hang up."""

    transfer: Destination = Field(
        description="The number that the caller is transferred to, in quotes, or a SIP URI.",
        examples=["+15551234567", "+15551234567;ext=12", "sip:desk@example.com"],
    )
    say: Text | None = Field(
        default="I am sorry, something went wrong on my side. I will put you through.",
        description="What the caller hears first, in Twilio's voice; null for nothing.",
    )
