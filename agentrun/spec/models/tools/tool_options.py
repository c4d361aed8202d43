"""Options that every entry of ``tools:`` can have."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentrun.spec.models.base import Flag, Text
from agentrun.spec.models.tools.saved_values import Saved
from agentrun.spec.values.durations import Duration

OPTIONS = ("timeout", "say", "say_after", "on_interrupt", "once_per_call", "confirm", "save")


class ToolOptions(BaseModel):
    """How a tool is used, whatever it is."""

    model_config = ConfigDict(defer_build=True)

    timeout: Duration = Field(
        default=10.0, gt=0, description="How long the tool may take before it is cancelled."
    )
    say: Text | None = Field(default=None, description="Said if the tool takes longer than `say_after`.")
    say_after: Duration = Field(default=0.7, gt=0, description="The silence before `say`.")
    on_interrupt: Literal["cancel", "finish"] = Field(
        default="cancel", description="What happens to a running tool when the caller interrupts."
    )
    once_per_call: Flag = Field(
        default=False, description="Whether a repeated identical call gets the first one's result."
    )
    confirm: Flag = Field(default=False, description="Whether the caller is asked first.")
    save: Saved = Field(
        default={},
        description="Variables to set from the tool's result, each with its JMESPath (jmespath.org).",
        examples=[{"plan": "customer.plan"}],
    )

    @property
    def options(self) -> dict[str, Any]:
        """The options that stand in the file; the others are what the tool's author chose."""
        return {name: getattr(self, name) for name in OPTIONS if name in self.model_fields_set}
