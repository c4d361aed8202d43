"""Models that are asked beside a conversation: the one that reads fields from it, and the judge."""

from __future__ import annotations

from agentrun.providers.service_plans import ServicePlan, ServicePlanner
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.values import variables


def reads_with_llm(spec: AgentSpec) -> bool:
    """Whether the fields of ``extract:`` are read by the model at ``pipeline.llm``."""
    return spec.extraction.model is None and bool(variables.extracted(spec))


def plan(spec: AgentSpec, planner: ServicePlanner, llm: ServicePlan) -> ServicePlan | None:
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
