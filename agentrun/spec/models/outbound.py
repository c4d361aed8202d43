"""Outbound calls in a spec."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Count, SpecModel, Text
from agentrun.spec.values.durations import Duration

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
"""ITU-T E.164: a plus, the country's code, and at most 15 digits."""


def _number(value: str) -> str:
    if value.startswith("${") or E164.fullmatch(value):
        return value
    message = "'{given}' is not a telephone number in E.164"
    raise PydanticCustomError("e164", message, {"given": value, "hint": "write +15551234567"})


Number = Annotated[str, AfterValidator(_number)]
Prefix = Annotated[str, StringConstraints(pattern=r"^\+[0-9]{0,14}$")]


class Dialling(SpecModel):
    """Outbound calls: the number they come from, the numbers they may go to, and answering machines."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_number: Number | None = Field(
        default=None,
        alias="from",
        description="The number that calls; `TWILIO_FROM_NUMBER` otherwise.",
        examples=["+15551234567"],
    )
    allow: tuple[Prefix, ...] = Field(
        default=("+",),
        min_length=1,
        description="How the numbers that may be called begin; any number by default.",
        examples=[["+1", "+44"]],
    )
    machine: Literal["ignore", "hang_up", "message"] = Field(
        default="ignore",
        description="What to do about answering machines; anything but `ignore` detects them.",
    )
    message: Text | None = Field(default=None, description="The message to leave after the beep.")
    ring: Annotated[Duration, Field(ge=5, le=600)] = Field(
        default=30.0,
        description="How long it may ring before the call counts as not answered.",
        examples=["20s", "1m"],
    )
    per_minute: Annotated[Count, Field(gt=0)] = Field(
        default=10, description="Calls that `POST /<agent>/twilio/dial` places in a minute."
    )

    @model_validator(mode="after")
    def _message_is_for_machines(self) -> Self:
        if (self.machine == "message") != (self.message is not None):
            raise PydanticCustomError("together", "`machine: message` and `message:` belong together")
        return self
