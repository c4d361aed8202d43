"""The result of an MCP tool as text for the model."""

from __future__ import annotations

from typing import Any

from mcp.types import (
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from agentrun.errors import ToolError
from agentrun.tools.results.whole_result import WholeResult

NOT_USABLE = "(The tool also gave {what}, which can't be told on a telephone.)"


def told(name: str, result: CallToolResult) -> WholeResult:
    """The text of a result, or its data where it has no text, and the whole; raises ToolError for a refusal.

    Images and sound are told as not usable. Long results are cut where those of every tool are.
    """
    parts = [_words(block) for block in result.content]
    text = "\n".join(part for part in parts if part)
    if result.is_error:
        raise ToolError(text or f"{name} refused and gave no reason.")
    data = result.structured_content
    return WholeResult(text or data, text if data is None else data)


def _words(block: Any) -> str:
    if isinstance(block, TextContent):
        return block.text
    if isinstance(block, EmbeddedResource) and isinstance(block.resource, TextResourceContents):
        return block.resource.text
    if isinstance(block, ResourceLink):
        return NOT_USABLE.format(what=f"a link to {block.name}")
    kinds = {ImageContent: "an image", AudioContent: "a recording"}
    return NOT_USABLE.format(what=kinds.get(type(block), "a file"))
