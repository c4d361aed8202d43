"""Builds any Pipecat or plugin service from its plan; the class is imported when it is needed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pydantic import ValidationError

from agentrun.errors import SetupError
from agentrun.pipeline.services import setting_values
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan, ServicePlan
from agentrun.providers import from_class, installed
from agentrun.providers.service import Nested, Service
from agentrun.providers.service_plans import OPENAI
from agentrun.tools.author_errors import AuthoredError, authored

_TOOLS = "one_shot_selected_tools"
"""Ultravox's: its tools are those that a call begins with."""


def construct(
    plan: ServicePlan,
    resources: Resources,
    instructions: str | None = None,
    tools: ToolsSchema | None = None,
) -> Any:
    """The service of ``plan``; a language model is told ``instructions``.

    ``tools`` are for a service that takes none from the context of the conversation.
    Raises SetupError when its libraries are not installed, or when it refuses a setting.
    """
    service = plan.service
    if service is None:
        raise ValueError(f"{plan.provider} was planned without a service")
    cls = load(service)
    arguments = _arguments(plan, service, cls)
    if service.session:
        arguments["aiohttp_session"] = resources.web_session()
    if tools and _TOOLS in inspect.signature(cls).parameters:
        arguments[_TOOLS] = tools
    settings_type = from_class.settings_class(cls)
    settings = _settings(plan, service, settings_type, instructions)
    try:
        for name, nested in service.nested.items():
            arguments[name] = _nested(plan, service, nested, arguments, instructions)
        return cls(**arguments, settings=settings_type(**settings)) if settings else cls(**arguments)
    except (TypeError, ValueError, OSError) as error:
        hint = f"see `agentrun providers {service.provider}`"
        raise SetupError(f"{service.label} can't be built: {_said(error)}", hint) from None


def try_out(plan: Plan, resources: Resources) -> None:
    """Build what the calls of ``plan`` will build, fallbacks too, so that a refusal is told early.

    Raises SetupError. The libraries are imported by it, and the first call doesn't wait for them.
    """
    parts = [part for part in (plan.stt, plan.llm, plan.tts, plan.realtime) if part]
    for each in (each for part in parts for each in (part, *part.fallback)):
        if each.provider != OPENAI:
            construct(each, resources, "" if each.kind in ("llm", "realtime") else None)


def _nested(
    plan: ServicePlan, service: Service, nested: Nested, arguments: dict[str, Any], instructions: str | None
) -> Any:
    """An argument that is made of others, which it takes from ``arguments``."""
    inner = {key: arguments.pop(key) for key in nested.fields if key in arguments}
    if "system_prompt" in nested.fields and instructions:
        inner["system_prompt"] = instructions
    if "model" in nested.fields and plan.model:
        inner["model"] = plan.model
    return imported(nested.path, service)(**inner)


def _said(error: Exception) -> str:
    """A refusal in one line, without the value, which may be a secret."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def load(service: Service) -> Any:
    """The class of ``service``; raises SetupError when its libraries are not installed."""
    return service.cls if isinstance(service.cls, type) else imported(service.cls, service)


def imported(path: str, service: Service) -> Any:
    """What stands at ``module:name``; Pipecat raises a bare Exception for a missing library."""
    module, _, name = path.partition(":")
    try:
        with authored():
            return getattr(importlib.import_module(module), name)
    except AuthoredError as error:
        message = f"{service.label} can't be imported: {error.error}"
        raise SetupError(message, installed.command(service)) from error.error


def _arguments(plan: ServicePlan, service: Service, cls: Any) -> dict[str, Any]:
    """What goes to the constructor: the environment's, and the spec's own."""
    arguments: dict[str, Any] = dict(plan.arguments)
    for key, value in plan.settings.items():
        if key in service.settings and service.settings[key].argument:
            arguments[key] = setting_values.converted(value, _owners(cls), key, service.label)
    if plan.api_key:
        arguments["api_key"] = plan.api_key
    if plan.base_url:
        arguments["base_url"] = plan.base_url
    credentials = arguments.get("credentials")
    # the registry's variable holds a path by Google's custom; Pipecat wants the file's text there
    if isinstance(credentials, str) and not credentials.lstrip().startswith("{"):
        arguments["credentials_path"] = arguments.pop("credentials")
    return arguments


def _settings(plan: ServicePlan, service: Service, made: Any, instructions: str | None) -> Mapping[str, Any]:
    """What goes to the service's settings, which are a ``made``."""
    values: dict[str, Any] = {}
    for key, value in plan.settings.items():
        if key not in service.settings or not service.settings[key].argument:
            values[key] = setting_values.converted(value, _settings_owners(made), key, service.label)
    nested_keys = [key for nested in service.nested.values() for key in nested.fields]
    if plan.model and "model" not in nested_keys:
        values["model"] = plan.model
        # such a service has no models: what is named is its voice
        if service.kind == "tts" and not service.model and "voice" in service.settings:
            values.setdefault("voice", plan.model)
    if instructions is not None and "system_prompt" not in nested_keys:
        values["system_instruction"] = instructions
    return values


def _owners(cls: Any) -> list[setting_values.Owner]:
    """The constructors that an argument may belong to, nearest first."""
    inits = [vars(owner)["__init__"] for owner in inspect.getmro(cls) if "__init__" in vars(owner)]
    return [
        setting_values.Owner(init.__annotations__, init.__globals__, vars(cls))
        for init in inits
        if inspect.isfunction(init)
    ]


def _settings_owners(made: Any) -> list[setting_values.Owner]:
    """The dataclasses that a setting may belong to, nearest first."""
    owners = [owner for owner in inspect.getmro(made) if owner is not object]
    modules = {owner: importlib.import_module(owner.__module__) for owner in owners}
    return [setting_values.Owner(inspect.get_annotations(o), vars(modules[o]), vars(o)) for o in owners]
