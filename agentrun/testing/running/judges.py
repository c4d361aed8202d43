"""The model that judges answers and plays simulated callers: the spec's ``judge:``."""

from __future__ import annotations

from typing import Any

from pipecat.classifiers.llm.classifier import LLMClassifier
from pipecat.evals.judge import EvalJudge
from pipecat.services.llm_service import LLMService

from agentrun.errors import SpecError
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.providers.service_plans import ServicePlanner
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.testing.running.shared_servers import SharedServers

CALLER = "You play a caller on the telephone, as you are told."


def judge(bench: SharedServers, file: SpecFile) -> EvalJudge | None:
    """A judge for one test, or None where nobody can judge: without ``--live`` or without ``judge:``."""
    service = _service(bench, file, "You judge conversations.")
    return EvalJudge(LLMClassifier(llm=service), explainer=service) if service else None


def caller(bench: SharedServers, file: SpecFile) -> LLMService[Any] | None:
    """The model of a simulated caller, likewise."""
    return _service(bench, file, CALLER)


def _service(bench: SharedServers, file: SpecFile, instructions: str) -> LLMService[Any] | None:
    """The spec's judge as a service; raises SpecError when it can't be built."""
    if not bench.mode.live or file.spec.judge is None:
        return None
    planner = ServicePlanner(file, bench.environ, offline=False)
    plan = planner.part("llm", file.spec.judge, used=True)
    if planner.problems or planner.missing:
        raise SpecError([*planner.problems, *planner.warnings()])
    resources: Resources = bench.resources
    return services.llm(plan, instructions, resources)
