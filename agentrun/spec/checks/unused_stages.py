"""Services of a pipeline that are not used in its style."""

from __future__ import annotations

from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.pipeline import PipelineSpec

_CASCADED = ("stt", "llm")
_VOICE = "tts"
"""It still speaks words that no model makes, such as the apology."""


def check(file: SpecFile) -> list[Problem]:
    """A warning where a spec names services of the other style alone; both may stand, for ``--style``."""
    pipeline = file.spec.pipeline
    keys = pipeline.model_fields_set
    idle = [key for key in _CASCADED if key in keys]
    if pipeline.style == "realtime" and "realtime" not in keys and (idle or _VOICE in keys):
        hint = f"write realtime: {pipeline.realtime.model} instead, or style: cascaded"
        place = ("pipeline", [*idle, _VOICE][0])
        return [file.problem(place, _idle_in_realtime(pipeline, idle), hint, "warning")]
    if pipeline.style == "cascaded" and "realtime" in keys and not {"style", _VOICE, *idle} & keys:
        message = f"realtime is not used in a cascaded pipeline: {pipeline.llm.model} answers"
        return [file.problem(("pipeline", "realtime"), message, "add style: realtime", "warning")]
    return []


def _idle_in_realtime(pipeline: PipelineSpec, idle: list[str]) -> str:
    """What the cascade's services do in a realtime pipeline: nothing, or little."""
    verb = "are" if len(idle) > 1 else "is"
    parts = [f"{' and '.join(idle)} {verb} not used in a realtime pipeline"] if idle else []
    if _VOICE in pipeline.model_fields_set:
        where = "" if idle else " in a realtime pipeline"
        parts.append(f"{_VOICE} speaks only fixed words{where}, such as the apology")
    return f"{', and '.join(parts)}; {pipeline.realtime.model} hears, answers and speaks"
