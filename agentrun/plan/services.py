"""The services of a spec: those of its style, and the model that extracts fields."""

from __future__ import annotations

from dataclasses import dataclass

from agentrun.providers.service_plans import OPENAI, ServicePlan, ServicePlanner
from agentrun.spec.checks import combinations
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.values import variables


@dataclass(frozen=True)
class AgentServices:
    """``stt``, ``llm``, ``tts`` and ``realtime`` are None where the style has no use for them.

    ``fixed`` speaks words that no model makes, whatever the style; ``extraction`` reads the fields of
    ``extract:``, None where there are none.
    """

    stt: ServicePlan | None
    llm: ServicePlan | None
    tts: ServicePlan | None
    realtime: ServicePlan | None
    fixed: ServicePlan
    extraction: ServicePlan | None


def plan(file: SpecFile, planner: ServicePlanner) -> AgentServices:
    """The services of ``file``. Those of the other style are checked as well, so that ``--style`` is safe.

    What is wrong with any of them goes to ``planner``.
    """
    pipeline = file.spec.pipeline
    cascaded = pipeline.style == "cascaded"
    stt = planner.part("stt", pipeline.stt, used=cascaded) if pipeline.stt else None
    llm = planner.part("llm", pipeline.llm, used=cascaded or _reads_with_llm(file.spec))
    extraction = _extraction(file.spec, planner, llm)
    # beside another provider's realtime model, OpenAI's speech is used only where the spec asks for it
    needed = cascaded or "tts" in pipeline.model_fields_set or pipeline.realtime.provider == OPENAI
    tts = planner.part("tts", pipeline.tts, used=needed)
    realtime = planner.part("realtime", pipeline.realtime, used=not cascaded)
    finder = combinations.turn_detection(file)
    if finder is not None and realtime.provider == OPENAI:
        realtime = realtime.with_setting("turn_detection", finder)
    if cascaded:
        return AgentServices(stt, llm, tts, None, fixed=tts, extraction=extraction)
    return AgentServices(None, None, None, realtime, fixed=tts, extraction=extraction)


def _reads_with_llm(spec: AgentSpec) -> bool:
    """Whether the fields of ``extract:`` are read by the model at ``pipeline.llm``."""
    return spec.extraction.model is None and bool(variables.extracted(spec))


def _extraction(spec: AgentSpec, planner: ServicePlanner, llm: ServicePlan) -> ServicePlan | None:
    """The model that reads the fields of ``extract:``, or None without any; ``llm`` is ``pipeline.llm``.

    The judge's model is checked for its stage here as well; its variables are asked for by `agentrun test`.
    """
    if spec.judge:
        planner.service("llm", spec.judge, ("judge",), used=False)
    reads = bool(variables.extracted(spec))
    if spec.extraction.model:
        own = planner.service("llm", spec.extraction.model, ("extraction", "model"), used=reads)
        return own if reads else None
    return llm if reads else None
