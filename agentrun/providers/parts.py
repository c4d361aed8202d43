"""A service of the spec becomes a service that can be built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentrun.errors import Problem
from agentrun.providers import catalogue, fallback, openai, settings, variables
from agentrun.providers.catalogue import Kind, Service
from agentrun.providers.variables import Unset
from agentrun.spec import loader
from agentrun.spec.address import problem_with
from agentrun.spec.closest import closest
from agentrun.spec.file import SpecFile, Where
from agentrun.spec.pipeline import Alternative, ServiceSpec

KEY = "OPENAI_API_KEY"
ADDRESS = "OPENAI_BASE_URL"
_OWN = ("api_key", "base_url")


@dataclass(frozen=True)
class ServicePlan:
    """A service that is ready to be built: settings checked, key and address filled in.

    The services of ``fallback`` take over, in their order, when this one fails or leaves the caller without
    an answer for ``patience`` seconds.
    """

    kind: Kind
    provider: str
    model: str
    settings: Mapping[str, Any]
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    fallback: tuple[ServicePlan, ...] = ()
    patience: float = 3.0

    def with_setting(self, key: str, value: Any) -> ServicePlan:
        """The same with one setting more."""
        return replace(self, settings={**self.settings, key: value})


class PartsPlanner:
    """Collects the problems and the unset variables of one spec."""

    def __init__(self, file: SpecFile, environ: Mapping[str, str], *, offline: bool) -> None:
        self.problems: list[Problem] = []
        self.missing: list[Unset] = []
        self._file = file
        self._environ = environ
        self._offline = offline

    def part(self, kind: Kind, spec: ServiceSpec, *, used: bool) -> ServicePlan:
        """The service at ``pipeline.<kind>``; its unset variables count only when it is ``used``."""
        plan = self.service(kind, spec, ("pipeline", kind), used=used)
        others = tuple(
            self.service(kind, other, where, used=used)
            for where, other in fallback.check(kind, spec, self._file, self.problem)
        )
        return replace(plan, fallback=others, patience=spec.patience)

    def service(self, kind: Kind, spec: Alternative, where: Where, *, used: bool) -> ServicePlan:
        """The service that stands at ``where``."""
        written = spec.settings
        if self._offline:
            written = {key: value for key, value in written.items() if key not in _OWN}
        unset = list(variables.unset(written, self._environ, where))
        for below, text in variables.broken(written):
            self.problem((*where, *below), f"'{text}' is not a variable", "write ${NAME} or ${NAME:-default}")
        given = self._check(kind, spec, written, {u.where[len(where)] for u in unset}, where)
        key, address = given.pop("api_key", None), given.pop("base_url", None)
        if "api_key" not in written:
            key = self._environ.get(KEY) or None
            unset += [] if key else [Unset(KEY, ("pipeline",))]
        address = address or self._environ.get(ADDRESS) or None
        self.missing += unset if used else []
        return ServicePlan(kind, spec.provider, spec.model_name, given, key or None, address)

    def text(self, value: str | None, where: Where) -> str | None:
        """A text with its variables filled in; offline an unset one is not missed."""
        if value is None:
            return None
        unset = list(variables.unset(value, self._environ, where))
        for _, text in variables.broken(value):
            self.problem(where, f"'{text}' is not a variable", "write ${NAME} or ${NAME:-default}")
        if not self._offline:
            self.missing += unset
        return None if unset else str(variables.expand(value, self._environ)) or None

    def problem(self, where: Where, message: str, hint: str) -> None:
        """Add a problem at ``where``."""
        self.problems.append(self._file.problem(where, message, hint))

    def warnings(self) -> Iterator[Problem]:
        """Where each unset variable is first asked for; one for each variable."""
        first = {unset.name: unset.where for unset in reversed(self.missing)}
        for name, where in first.items():
            hint = f"export {name}=… before serving, or serve --offline"
            yield self._file.problem(where, f"{name} is not set", hint, "warning")

    def _check(
        self, kind: Kind, spec: Alternative, written: Mapping[str, Any], unset: set[str | int], where: Where
    ) -> dict[str, Any]:
        """The settings with their variables filled in; those that wait for a variable are not checked."""
        service = catalogue.find(kind, spec.provider)
        if service is None:
            known = catalogue.providers(kind)
            hint = closest(spec.provider, known) or f"there are: {', '.join(known)}"
            self.problem((*where, "model"), f"there is no provider '{spec.provider}' for {kind}", hint)
            return dict(written)
        given = {key: self._value(service, key, value) for key, value in written.items()}
        checked = {key: value for key, value in given.items() if key not in unset}
        for below, message, hint in settings.check(service, checked):
            self.problem((*where, *below), message, hint)
        for below, message, hint in openai.check(kind, spec.model_name, given):
            self.problem((*where, *below), message, hint)
        address = checked.get("base_url")
        if isinstance(address, str) and (message := problem_with(address)):
            self.problem((*where, "base_url"), message, "write http://localhost:8000/v1")
        return given

    def _value(self, service: Service, key: str, value: Any) -> Any:
        """A variable's text is read as the word would be in the file, where a number or a yes is wanted."""
        expanded = variables.expand(value, self._environ)
        setting = service.settings.get(key)
        if setting and setting.type in ("number", "integer", "boolean") and variables.has_variable(value):
            return loader.plain(str(expanded))
        return expanded
