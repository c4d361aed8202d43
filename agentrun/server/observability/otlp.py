"""Reads OpenTelemetry's environment variables for traces or metrics.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from agentrun import __version__, distribution
from agentrun.errors import SetupError
from agentrun.spec.values.addresses import problem_with

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

Signal = Literal["traces", "metrics"]
REQUEST_SECONDS = 5.0
"""How long a collector may take for what it is sent, where ``OTEL_EXPORTER_OTLP_TIMEOUT`` says nothing."""
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_LOCAL = "http://localhost:4318"
_PROTOCOL = "http/protobuf"
_SERVICE = "agentrun"


def address(environ: Mapping[str, str], signal: Signal) -> str | None:
    """Where ``signal`` goes; None nowhere.

    Raises SetupError for what is asked for and can't be done.

    >>> address({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, "traces")
    'http://collector:4318/v1/traces'
    """
    asked, own = f"OTEL_{signal.upper()}_EXPORTER", _variable_of(signal, "ENDPOINT")
    kind, whole, base = environ.get(asked, ""), environ.get(own), environ.get(_ENDPOINT)
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or kind == "none":
        return None
    if not (whole or base or kind):
        return None
    if kind not in ("", "otlp"):
        raise SetupError(f"{asked}: '{kind}' is not one of otlp, none", f"export {asked}=otlp")
    for name in (_variable_of(signal, "PROTOCOL"), "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if environ.get(name, _PROTOCOL) != _PROTOCOL:
            message = f"{name}: '{environ[name]}' is not {_PROTOCOL}"
            raise SetupError(message, f"export {name}={_PROTOCOL}; a collector takes it at port 4318")
    url = whole or f"{(base or _LOCAL).rstrip('/')}/v1/{signal}"
    if wrong := problem_with(url):
        raise SetupError(f"{own if whole else _ENDPOINT}: {wrong}", f"write {_LOCAL}")
    return url


def headers(environ: Mapping[str, str], signal: Signal) -> dict[str, str]:
    """What is sent with each request."""
    from opentelemetry.util.re import parse_env_headers

    text = environ.get(_variable_of(signal, "HEADERS")) or environ.get("OTEL_EXPORTER_OTLP_HEADERS")
    return dict(parse_env_headers(text or "", liberal=True))


def timeout(environ: Mapping[str, str], signal: Signal) -> float:
    """How many seconds a request may take; raises SetupError for what is no number."""
    for name in (_variable_of(signal, "TIMEOUT"), "OTEL_EXPORTER_OTLP_TIMEOUT"):
        if text := environ.get(name):
            return number(name, text, "seconds")
    return REQUEST_SECONDS


def number(name: str, text: str, unit: str) -> float:
    """The positive number of ``unit`` that variable ``name`` has; raises SetupError for anything else.

    >>> number("OTEL_METRIC_EXPORT_INTERVAL", "5000", "milliseconds")
    5000.0
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise SetupError(f"{name}: '{text}' is not a number of {unit}", f"export {name}=10")
    return value


def resource(environ: Mapping[str, str]) -> Resource:
    """Who sends: the service's name and version, unless ``OTEL_RESOURCE_ATTRIBUTES`` says otherwise."""
    from opentelemetry.sdk.resources import Resource

    text = environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    names = {pair.partition("=")[0].strip() for pair in text.split(",")}
    own = {"service.name": _SERVICE, "service.version": __version__}
    attributes = {name: value for name, value in own.items() if name not in names}
    if service := environ.get("OTEL_SERVICE_NAME"):
        attributes["service.name"] = service
    return Resource.create(attributes)


def missing_library(error: ImportError, signal: Signal, where: str) -> SetupError:
    """What is said where OpenTelemetry is needed and not installed."""
    module = error.name or "opentelemetry"
    problem = f"{signal} are to go to {where}, and {module} is not installed"
    return SetupError(problem, distribution.install_extra("tracing"))


def _variable_of(signal: Signal, what: str) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}"
