"""Services of a pipeline that play no part in its style, where the one that does isn't named."""

from __future__ import annotations

from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile

_CASCADED = ("stt", "llm")
"""``tts`` still speaks words that no model makes, such as the apology."""


def check(file: SpecFile) -> list[Problem]:
    """A warning where a spec names services of the other style alone; both may stand, for ``--style``."""
    pipeline = file.spec.pipeline
    keys = pipeline.model_fields_set
    idle = [key for key in _CASCADED if key in keys]
    if pipeline.style == "realtime" and "realtime" not in keys and idle:
        names, verb = " and ".join(idle), "play" if len(idle) > 1 else "plays"
        message = (
            f"{names} {verb} no part in a realtime pipeline; {pipeline.realtime.model} hears and answers"
        )
        hint = f"write realtime: {pipeline.realtime.model} instead, or style: cascaded"
        return [file.problem(("pipeline", idle[0]), message, hint, "warning")]
    if pipeline.style == "cascaded" and "realtime" in keys and not {"style", "tts", *idle} & keys:
        message = f"realtime plays no part in a cascaded pipeline; {pipeline.llm.model} answers"
        return [file.problem(("pipeline", "realtime"), message, "add style: realtime", "warning")]
    return []
