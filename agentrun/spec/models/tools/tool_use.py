"""``tools:`` in a spec: the tools of the agent."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Text
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.spec.models.tools.tool_options import OPTIONS, ToolOptions

__all__ = ["OPTIONS", "ToolUse"]


class ToolUse(ToolOptions):
    """A tool; `trattoria` is short for `{use: trattoria}`. Every other key is the tool's own setting."""

    model_config = ConfigDict(frozen=True, extra="allow")

    use: Text = Field(description="A plugin, a single tool of it as `plugin.tool`, or a built-in tool.")
    mcp: McpServer | None = Field(
        default=None,
        description="An MCP server, instead of `use`.",
        examples=[{"url": "https://crm.example.com/mcp"}],
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The tool's own settings, as they stand in the file."""
        return dict(self.model_extra or {})

    @model_validator(mode="before")
    @classmethod
    def _mcp_is_a_use(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("mcp") is not None and "use" not in value:
            return {"use": "mcp", **value}
        return value

    @model_validator(mode="after")
    def _mcp_stands_alone(self) -> Self:
        beside = [*self.options, *self.settings] if self.mcp else []
        if self.mcp and (beside or self.use != "mcp"):
            hint = "write `mcp: {url: …, timeout: 5s}`: everything else goes inside it"
            context = {"given": beside[0] if beside else "use", "hint": hint}
            raise PydanticCustomError("mcp", "'{given}' can't be combined with `mcp:`", context)
        return self
