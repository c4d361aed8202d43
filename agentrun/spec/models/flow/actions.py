"""Actions before and after a flow's node, which don't involve the model."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Flag, Text

BUILT_IN_WORDS = ("tts_say", "end_conversation")
"""Actions that say words, or end the call, and run no tool."""


class FlowAction(BaseModel):
    """Something that happens without the model: words, the end of the call, or a tool.

    A `type` of your own is a tool of the agent: the one at `handler`, else the one with the type's name.
    """

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    type: Text = Field(
        description="What happens: `tts_say`, `end_conversation`, `function`, or a type of your own.",
        examples=["tts_say"],
    )
    text: Text | None = Field(default=None, description="The words of `tts_say`, or a goodbye.")
    handler: Text | None = Field(
        default=None, description="The tool of `function`; every other key is an argument."
    )
    append_text_to_context: Flag = Field(
        default=True, description="Whether the model knows afterwards that the `text` was said."
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.type == "function" and not self.handler:
            raise PydanticCustomError("together", "an action of type `function` needs a tool at `handler`")
        if self.type in BUILT_IN_WORDS and (self.handler or self.model_extra):
            message = f"an action of type `{self.type}` takes no `handler` and no arguments"
            raise PydanticCustomError("together", message)
        if self.type == "tts_say" and not self.text:
            raise PydanticCustomError("together", "an action of type `tts_say` needs its words at `text`")
        return self

    @property
    def spoken(self) -> str | None:
        """Its words, where it says any."""
        return self.text if self.type in BUILT_IN_WORDS else None

    @property
    def tool(self) -> str | None:
        """The agent's tool that it runs; None where it says words or ends the call."""
        return None if self.type in BUILT_IN_WORDS else self.handler or self.type

    @property
    def arguments(self) -> dict[str, Any]:
        """What the tool is given."""
        return {**(self.model_extra or {}), **({"text": self.text} if self.text else {})}
