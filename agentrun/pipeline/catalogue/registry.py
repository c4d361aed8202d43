"""Reads Pipecat's registry of services; no other file knows its format.

Source: ``pipecat.cli.registry`` of the installed Pipecat.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipecat.cli.registry import ServiceDefinition, ServiceLoader, extract_package_extra
from pipecat.cli.registry.service_metadata import ServiceRegistry

from agentrun.providers.service import KINDS, Kind


@dataclass(frozen=True)
class Listed:
    """One service of the registry: its class, and the variables that hold its constructor's arguments.

    ``nested`` names the class of an argument that is made of variables itself.
    """

    kind: Kind
    provider: str
    label: str
    extras: tuple[str, ...]
    path: str
    variables: Mapping[str, str]
    nested: Mapping[str, str]


def services() -> Iterator[Listed]:
    """Every speech and language service, in the registry's order."""
    for kind in KINDS:
        for entry in ServiceLoader.get_all_services_by_type(kind):
            yield _listed(kind, entry)


def _listed(kind: Kind, entry: ServiceDefinition) -> Listed:
    paths = dict(_imported(ServiceRegistry.IMPORTS[entry.value]))
    name = (entry.class_name or [])[0]
    variables: dict[str, str] = {}
    nested: dict[str, str] = {}
    for keyword in _keywords(ServiceRegistry.SERVICE_CONFIGS[entry.value], name):
        if keyword.arg == "settings":
            continue
        if variable := _variable(keyword.value):
            variables[str(keyword.arg)] = variable
        elif isinstance(keyword.value, ast.Call) and isinstance(keyword.value.func, ast.Name):
            nested[str(keyword.arg)] = paths[keyword.value.func.id]
            inner = {str(k.arg): _variable(k.value) for k in keyword.value.keywords}
            variables |= {key: value for key, value in inner.items() if value and key != "system_prompt"}
    return Listed(
        kind, provider(entry.value), entry.label, tuple(extract_package_extra(entry.package)),
        paths[name], variables, nested,
    )  # fmt: skip


def provider(value: str) -> str:
    """The registry's name as a spec writes it.

    >>> provider("deepgram_flux_stt")
    'deepgram-flux'
    """
    return re.sub(r"_(stt|llm|tts|realtime)$", "", value).replace("_", "-")


def _imported(statements: Sequence[str]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for node in ast.walk(ast.parse(statement)):
            if isinstance(node, ast.ImportFrom):
                yield from ((alias.name, f"{node.module}:{alias.name}") for alias in node.names)


def _keywords(config: str, name: str) -> list[ast.keyword]:
    """The arguments with which the registry's example builds the service."""
    # one of the examples closes a bracket too many
    for text in (config, config.rstrip()[:-1]):
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        return next(
            call.keywords for call in calls if isinstance(call.func, ast.Name) and call.func.id == name
        )
    raise ValueError(f"the registry's example of {name} can't be read")


def _variable(value: ast.expr) -> str | None:
    """``NAME`` of ``os.getenv("NAME")``."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "os.getenv":
        return str(ast.literal_eval(value.args[0]))
    return None
