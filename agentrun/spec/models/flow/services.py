"""Service settings that differ at one node of a flow."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class NodeService(BaseModel):
    """Another model of the same provider, or other settings, for as long as the caller is at the node."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]+(/\S+)?$")] | None = Field(
        default=None,
        description="Another model of the agent's provider; every other key is one of its settings.",
        examples=["openai/gpt-4o"],
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The settings, as they stand in the file."""
        return dict(self.model_extra or {})
