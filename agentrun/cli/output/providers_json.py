"""Services as JSON, for ``agentrun providers --json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentrun.providers import installed
from agentrun.providers.service import Service, Setting


def described(service: Service, environ: Mapping[str, str], *, settings: bool) -> dict[str, Any]:
    """What a service needs and whether that is installed; with its settings if requested."""
    data: dict[str, Any] = {
        "kind": service.kind,
        "name": service.provider,
        "label": service.label,
        "model": service.model or None,
        "extras": list(service.extras),
        "variables": [{"name": v.name, "required": v.required} for v in service.variables],
        "installed": installed.is_installed(service),
        "install": installed.command(service) or None,
        "keyed": installed.is_keyed(service, environ),
    }
    if settings:
        data["settings"] = {name: _setting(setting) for name, setting in service.settings.items()}
    return data


def _setting(setting: Setting) -> dict[str, Any]:
    data: dict[str, Any] = {"types": list(setting.types), "meaning": setting.help}
    if setting.default is not None:
        data["default"] = setting.default
    if setting.choices:
        data["choices"] = list(setting.choices)
    if setting.required:
        data["required"] = True
    if setting.fields:
        data["fields"] = {name: _setting(inner) for name, inner in setting.fields.items()}
    return data
