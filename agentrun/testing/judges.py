"""The model that judges what no rule can, and plays simulated callers: the spec's ``judge:``."""

from __future__ import annotations

from typing import Any

from pipecat.classifiers.llm.classifier import LLMClassifier
from pipecat.evals.judge import EvalJudge
from pipecat.services.llm_service import LLMService

from agentrun.errors import SpecError
from agentrun.pipeline import services
from agentrun.pipeline.resources import Resources
from agentrun.providers.parts import PartsPlanner
from agentrun.spec.file import SpecFile
from agentrun.testing.bench import Bench

CALLER = "You play a caller on the telephone, as you are told."


def judge(bench: Bench, file: SpecFile) -> EvalJudge | None:
    """A judge for one test, or None where nobody can judge: without ``--live`` or without ``judge:``."""
    service = _service(bench, file, "You judge conversations.")
    return EvalJudge(LLMClassifier(llm=service), explainer=service) if service else None


def caller(bench: Bench, file: SpecFile) -> LLMService[Any] | None:
    """The model of a simulated caller, likewise."""
    return _service(bench, file, CALLER)


def _service(bench: Bench, file: SpecFile, instructions: str) -> LLMService[Any] | None:
    """The spec's judge as a service; raises SpecError when it can't be built."""
    if not bench.mode.live or file.spec.judge is None:
        return None
    planner = PartsPlanner(file, bench.environ, offline=False)
    plan = planner.part("llm", file.spec.judge, used=True)
    if planner.problems or planner.missing:
        raise SpecError([*planner.problems, *planner.warnings()])
    resources: Resources = bench.resources
    return services.llm(plan, instructions, resources)
