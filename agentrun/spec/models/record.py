"""``record:`` in a spec: what is kept of a call, where it is sent, and what is redacted."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import SpecModel, Text, list_of_one, word

SoundFormat = Literal["wav", "opus"]
_WHETHER = ("yes", "no", "on", "off", "true", "false", "none")
_NOT_WHERE = "'{}' does not say where the sound goes"
_WRITE_WHERE = "write a folder, such as audio: recordings/; leave it out, and no sound is kept"


class Audio(SpecModel):
    """The sound of each call, the caller left and the agent right.

    `audio: recordings/` is short for `audio: {to: recordings/}`.
    """

    to: Text = Field(
        description="A folder beside the spec, or an address that fsspec knows, such as `s3://bucket/calls`.",
        examples=["recordings/", "s3://bucket/calls"],
    )
    format: SoundFormat = Field(
        default="wav", description="`opus` takes a sixth of the space, and more processor time."
    )

    @field_validator("to")
    @classmethod
    def _says_where(cls, to: str) -> str:
        if to.lower() in _WHETHER:
            message = _NOT_WHERE.format(to)
            raise PydanticCustomError("whether", "{message}", {"message": message, "hint": _WRITE_WHERE})
        return to


def _not_whether(value: Any) -> Any:
    """``audio: true`` as the error that ``audio: yes`` is."""
    return str(value).lower() if isinstance(value, bool) else value


class Record(SpecModel):
    """What is kept of this agent's calls, and where."""

    webhook: Text | None = Field(
        default=None,
        description="Where `serve` sends each record once its call has ended: signed as Standard Webhooks "
        "says, and again until it has arrived.",
        examples=["https://crm.example.com/calls", "${CRM_WEBHOOK}"],
    )
    redact: Annotated[tuple[Literal["phone", "email", "card"], ...], list_of_one] = Field(
        default=(), description="What is kept out of records and logs, be it written in digits or in words."
    )
    audio: Annotated[Audio | None, word("to"), BeforeValidator(_not_whether)] = Field(
        default=None, description="Where call audio is stored; it is not recorded by default."
    )
    listen: bool | None = Field(
        default=None,
        description="Whether a call may be listened to in the dashboard while it is up; by default where "
        "`audio` keeps the sound and `redact` hides nothing.",
    )

    @property
    def may_listen(self) -> bool:
        """Whether somebody may listen to a call that is up."""
        return bool(self.audio) and not self.redact if self.listen is None else self.listen
