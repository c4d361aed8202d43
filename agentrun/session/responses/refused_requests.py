"""Changes a request that a provider refuses, and sends it once more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext

from agentrun.pipeline import context_size, pipecat_private
from agentrun.pipeline.pipeline_parts import PipelineParts

_TOO_LONG = re.compile(
    "context_length_exceeded|context (?:length|size|window)|prompt is too long|reduce the length"
    "|maximum number of tokens allowed|request too large",
    re.IGNORECASE,
)
"""OpenAI, Azure, Groq and vLLM; llama.cpp and Mistral; Anthropic; Groq; Gemini."""
_ROLES = re.compile(
    r"roles must alternate|(?:must|should) alternate (?:between|with)"
    r"|(?:unexpected|unknown) (?:message )?role|only user and assistant roles"
    r"|system role not supported|system message must be at the beginning|expected last role user",
    re.IGNORECASE,
)
"""Templates of Gemma's, Mistral's, Llama's and Qwen's models, in vLLM and llama.cpp; Mistral; Bedrock."""
_TOOL = re.compile(
    r"invalid (?:schema|parameters) for (?:function|tool) '(?P<name>[\w.-]{1,80})'"
    r"|function_declarations\[(?P<declared>\d{1,3})\]"
    r"|(?<![\w.])(?:session\.)?tools(?:\[(?P<listed>\d{1,3})\](?!\.function_declarations)|\.(?P<numbered>\d{1,3})\.)",
    re.IGNORECASE,
)
"""OpenAI by name; Gemini, OpenAI and Anthropic by the place in the list."""
_LONG_DESCRIPTION = re.compile(r"description\S*:? .{0,40}too long|maximum length", re.IGNORECASE)
LONGEST_DESCRIPTION = 1_024
"""Characters of a tool's description that OpenAI has taken; where more are refused it is cut to these."""
SHORTENED = "the older half of the conversation is left out"
"""What is done about a request that is too long; a second one in a row is too long by itself."""
MOST = 8
"""Requests of one call that are made otherwise: a provider tells of one tool at a time."""


@dataclass
class RefusedRequests:
    """For one call: what was refused already is not asked for again in the same way."""

    parts: PipelineParts
    _mended: int = field(default=0, init=False)

    def mend(self, words: str, *, of_session: bool = False) -> str:
        """Have the next request made as the provider's ``words`` want it; what was done, or nothing.

        What is said ``of_session``, which a realtime model keeps, can only be about its tools.
        """
        if self._mended >= MOST or (of_session and not _TOOL.search(words)):
            return ""
        done = self._done(words)
        self._mended += bool(done)
        return done

    def _done(self, words: str) -> str:
        if _ROLES.search(words):
            told = [pipecat_private.alternate_roles(service) for service in self.parts.services]
            return "the roles of user and assistant alternate" if any(told) else ""
        if found := _TOOL.search(words):
            return _without_tool(self.parts.context, found, words)
        return SHORTENED if _TOO_LONG.search(words) and context_size.shorten(self.parts.context) else ""


def is_mendable(words: str) -> bool:
    """Whether a provider's ``words`` refuse how a request is made, and not what was said.

    >>> is_mendable("Invalid schema for function 'look_up': array schema missing items.")
    True
    >>> is_mendable("The response was filtered.")
    False
    """
    return any(pattern.search(words) for pattern in (_ROLES, _TOOL, _TOO_LONG))


def _without_tool(context: LLMContext, found: re.Match[str], words: str) -> str:
    """Leave out the tool that was refused, or only what is too long of its description."""
    offered = context.tools
    if not isinstance(offered, ToolsSchema):
        return ""
    tools = list(offered.standard_tools)
    place = _place(tools, found)
    if place is None:
        return ""
    tool = tools[place]
    if _LONG_DESCRIPTION.search(words) and len(tool.description) > LONGEST_DESCRIPTION:
        tools[place] = _described(tool, tool.description[: LONGEST_DESCRIPTION - 1] + "…")
        done = f"the description of {tool.name} is cut to {LONGEST_DESCRIPTION} characters"
    else:
        del tools[place]
        done = f"the tool {tool.name} is left out"
    context.set_tools(ToolsSchema(standard_tools=tools, custom_tools=offered.custom_tools))
    return done


def _place(tools: Sequence[FunctionSchema], found: re.Match[str]) -> int | None:
    """Where the tool that the provider means stands in ``tools``, by its name or its number."""
    if name := found["name"]:
        return next((number for number, tool in enumerate(tools) if tool.name == name), None)
    number = int(found["declared"] or found["listed"] or found["numbered"])
    return number if number < len(tools) else None


def _described(tool: FunctionSchema, description: str) -> FunctionSchema:
    return FunctionSchema(tool.name, description, tool.properties, tool.required, tool.handler)
