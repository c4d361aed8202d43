"""``before_call:`` in a spec: looking up the caller before the agent speaks."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import SpecModel, Text
from agentrun.spec.models.conditions import Condition
from agentrun.spec.models.tools.saved_values import Saved
from agentrun.spec.values.durations import Duration

USUAL_SECONDS = 1.0


class CallChoice(SpecModel):
    """What applies to callers for whom `when` is true; the first match counts."""

    when: Condition = Field(
        description="Conditions on variables, all of which must be true.", examples=[{"language": "de"}]
    )
    refuse: Text | None = Field(
        default=None, description="Rejects the call: these words are said, and the call ends."
    )
    voice: Text | None = Field(default=None, description="The voice of this call.", examples=["coral"])
    language: Text | None = Field(
        default=None, description="The language that the caller is heard in.", examples=["de"]
    )

    @model_validator(mode="after")
    def _chooses_something(self) -> Self:
        if self.refuse and (self.voice or self.language):
            raise PydanticCustomError("together", "a refused caller needs no `voice` and no `language`")
        if not (self.refuse or self.voice or self.language):
            raise PydanticCustomError("together", "write `refuse`, `voice` or `language`")
        return self


class BeforeCall(SpecModel):
    """What is looked up about a caller while the call is connected; the greeting waits up to `timeout`."""

    http: dict[str, Any] | None = Field(
        default=None,
        description="A request, with the keys of `{use: http}`; `{{ call.from_number }}` is who calls.",
        examples=[{"url": "https://crm.example.com/callers/{{ call.from_number }}", "timeout": "1s"}],
    )
    save: Saved = Field(default={}, description="Variables to set from the response, each with its JMESPath.")
    timeout: Annotated[Duration, Field(examples=["800ms", "2s"])] | None = Field(
        default=None,
        gt=0,
        le=10,
        description="How long the greeting waits; by default the timeout of `http`, or 1 s.",
    )
    choose: tuple[CallChoice, ...] = Field(
        default=(),
        max_length=50,
        description="What else depends on the variables: a voice, a language, or refusing the call.",
        examples=[[{"when": {"language": "de"}, "voice": "coral"}]],
    )

    @model_validator(mode="after")
    def _saves_an_answer(self) -> Self:
        if self.save and self.http is None:
            raise PydanticCustomError("together", "`save` reads the answer to `http`, and there is none")
        return self
