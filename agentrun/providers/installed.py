"""Whether a service's libraries are installed, and how to install them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution

from agentrun.distribution import install
from agentrun.providers import catalogue
from agentrun.providers.service import Service


def is_installed(service: Service) -> bool:
    """Whether every distribution that the service's extras need is there; nothing is imported."""
    return all(_has(package) for package in service.packages)


def is_keyed(service: Service, environ: Mapping[str, str]) -> bool:
    """Whether every variable without which the service can't be built is set; also when there is none."""
    return all(environ.get(variable.name) for variable in service.variables if variable.required)


def command(service: Service) -> str:
    """What installs a service's libraries; empty for one that needs no extra.

    >>> command(catalogue.find("stt", "deepgram")).endswith(" 'pipecat-ai[deepgram]==1.14.0'")
    True
    """
    if not service.extras:
        return ""
    return install(f"pipecat-ai[{','.join(service.extras)}]=={catalogue.pinned()}")


def _has(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
