"""Environment variables that tools, knowledge and the look-up before a call need."""

from __future__ import annotations

from collections.abc import Mapping

from agentrun.providers.service_plans import ServicePlanner
from agentrun.providers.variables import unset
from agentrun.spec.loading.spec_file import SpecFile


def find(file: SpecFile, planner: ServicePlanner, environ: Mapping[str, str]) -> None:
    """Have the variables missed that the settings of tools and knowledge name and that are not set."""
    if file.spec.knowledge and file.spec.knowledge.embeddings:
        settings = file.spec.knowledge.embeddings.model_dump()
        for variable in unset(settings, environ, ("knowledge", "embeddings")):
            planner.need(variable)
    if file.spec.before_call and file.spec.before_call.http:
        for variable in unset(file.spec.before_call.http, environ, ("before_call", "http")):
            planner.need(variable)
    for index, entry in enumerate(file.spec.tools):
        values = {"mcp": entry.mcp.model_dump()} if entry.mcp else entry.settings
        for variable in unset(values, environ, ("tools", index)):
            planner.need(variable)
