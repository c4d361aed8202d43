"""The imports that generated code needs, derived from the names it uses."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

from agentrun.deploy.bot.python_code import WIDTH

_MODULES = ("asyncio", "importlib.util", "inspect", "os", "sys")
"""Imported by their own names."""
_STANDARD = {"datetime": "datetime", "Callable": "collections.abc", "Path": "pathlib", "Any": "typing"}
_PACKAGES = {
    "ConfigDict": "pydantic",
    "DailyParams": "pipecat.transports.daily.transport",
    "EndWorkerFrame": "pipecat.frames.frames",
    "FastAPIWebsocketParams": "pipecat.transports.websocket.fastapi",
    "FrameDirection": "pipecat.processors.frame_processor",
    "FrameProcessor": "pipecat.processors.frame_processor",
    "FunctionCallParams": "pipecat.services.llm_service",
    "FunctionCallResultProperties": "pipecat.frames.frames",
    "FunctionSchema": "pipecat.adapters.llm.schemas.function_schema",
    "LLMContext": "pipecat.processors.aggregators.llm_context",
    "LLMContextAggregatorPair": "pipecat.processors.aggregators.llm_response_universal",
    "LLMRunFrame": "pipecat.frames.frames",
    "LLMUserAggregatorParams": "pipecat.processors.aggregators.llm_response_universal",
    "Pipeline": "pipecat.pipeline.pipeline",
    "PipelineParams": "pipecat.pipeline.worker",
    "PipelineWorker": "pipecat.pipeline.worker",
    "SileroVADAnalyzer": "pipecat.audio.vad.silero",
    "TTSSpeakFrame": "pipecat.frames.frames",
    "TTSStartedFrame": "pipecat.frames.frames",
    "TTSStoppedFrame": "pipecat.frames.frames",
    "Template": "jinja2",
    "ToolsSchema": "pipecat.adapters.llm.schemas.tools_schema",
    "TransportParams": "pipecat.transports.base_transport",
    "ValidationError": "pydantic",
    "WorkerRunner": "pipecat.workers.runner",
    "create_transport": "pipecat.runner.utils",
    "logger": "loguru",
    "to_jsonable_python": "pydantic_core",
    "validate_call": "pydantic",
}
_BESIDE = {"Call": "agentrun", "NO_RESPONSE": "agentrun", "ToolError": "agentrun"}
"""What the file beside the bot has."""


def of(code: str, services: Mapping[str, str]) -> str:
    """The lines that ``code`` needs before it; ``services`` are the modules of what only some bots name."""
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    modules = [f"import {name}" for name in _MODULES if name.partition(".")[0] in names]
    groups = (
        [*modules, *_from(_STANDARD, names)],
        [*_from({**_PACKAGES, **services}, names)],
        [*_from(_BESIDE, names)],
    )
    return "\n\n".join("\n".join(lines) for lines in groups if lines)


def _from(modules: Mapping[str, str], names: set[str]) -> Iterator[str]:
    found = defaultdict(list)
    for name in sorted(names & {*modules}, key=_rank):
        found[modules[name]].append(name)
    for module, every in sorted(found.items()):
        line = f"from {module} import {', '.join(every)}"
        below = "".join(f"    {name},\n" for name in every)
        yield line if len(line) <= WIDTH else f"from {module} import (\n{below})"


def _rank(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions, as tools that sort imports have it."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
