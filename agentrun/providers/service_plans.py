"""Turns a service of the spec into a plan from which the service can be built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentrun.errors import PluginError, Problem
from agentrun.providers import (
    catalogue,
    fallback,
    installed,
    key_faults,
    model_makers,
    openai,
    settings,
    variables,
)
from agentrun.providers.service import Kind, Service
from agentrun.providers.variables import Unset
from agentrun.spec.loading.close_match import closest
from agentrun.spec.loading.spec_file import SpecFile, Where
from agentrun.spec.models.pipeline import LLM, REALTIME, STT, TTS, Alternative, ServiceSpec
from agentrun.spec.values.addresses import problem_with

KEY = "OPENAI_API_KEY"
ADDRESS = "OPENAI_BASE_URL"
OPENAI = "openai"
APIS = {"twilio": "TWILIO_API_BASE_URL", "daily": "DAILY_API_URL"}
"""Where the addresses of transports' own APIs may stand."""
USUAL: Mapping[Kind, str] = {"stt": STT, "llm": LLM, "tts": TTS, "realtime": REALTIME}
_OWN = ("api_key", "base_url")


@dataclass(frozen=True)
class ServicePlan:
    """A service that is ready to be built: settings checked, key and address filled in.

    ``arguments`` are what its constructor takes from the environment beside the key. The services of
    ``fallback`` take over, in their order, when this one fails or leaves the caller without an answer for
    ``attempt_timeout`` seconds.
    """

    kind: Kind
    provider: str
    model: str
    settings: Mapping[str, Any]
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    service: Service | None = None
    arguments: Mapping[str, str] = field(default_factory=dict, repr=False)
    fallback: tuple[ServicePlan, ...] = ()
    attempt_timeout: float = 3.0

    def with_setting(self, key: str, value: Any) -> ServicePlan:
        """The same with one setting more."""
        return replace(self, settings={**self.settings, key: value})

    def without_setting(self, key: str) -> ServicePlan:
        """The same with one setting less."""
        return replace(self, settings={name: each for name, each in self.settings.items() if name != key})


class ServicePlanner:
    """Collects the problems, the unset variables and the missing libraries of one spec.

    ``own`` finds the service that a plugin brings for a provider that Pipecat's registry doesn't have.
    """

    def __init__(
        self,
        file: SpecFile,
        environ: Mapping[str, str],
        *,
        offline: bool,
        own: Callable[[Kind, str], Service | None] = lambda _kind, _provider: None,
    ) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.missing: list[Unset] = []
        self.uninstalled: dict[Where, tuple[str, str]] = {}
        self._file = file
        self._environ = environ
        self._offline = offline
        self._own = own

    def part(self, kind: Kind, spec: ServiceSpec, *, used: bool) -> ServicePlan:
        """The service at ``pipeline.<kind>``; its unset variables count only when it is ``used``."""
        plan = self.service(kind, spec, ("pipeline", kind), used=used)
        others = [
            self.service(kind, other, where, used=used)
            for where, other in fallback.check(kind, spec, self._file, self.problem)
        ]
        return replace(plan, fallback=tuple(others), attempt_timeout=spec.attempt_timeout)

    def service(self, kind: Kind, spec: Alternative, where: Where, *, used: bool) -> ServicePlan:
        """The service that stands at ``where``."""
        service = self._find(kind, spec, where)
        options = spec.settings
        if self._offline:
            options = {key: value for key, value in options.items() if key not in _OWN}
        unset = list(variables.unset(options, self._environ, where))
        for below, text in variables.broken(options):
            self.problem((*where, *below), f"'{text}' is not a variable", "write ${NAME} or ${NAME:-default}")
        values = self._check(service, spec, options, {u.where[len(where)] for u in unset}, where)
        if self._offline and spec.provider != OPENAI:
            return self._mock_server(kind)
        arguments, more = self._known(service, options, where)
        unset += more
        key = values.pop("api_key", None) or arguments.pop("api_key", None)
        address = values.pop("base_url", None) or arguments.pop("base_url", None)
        if spec.provider == OPENAI:
            address = address or self.address(ADDRESS, ("pipeline",), used=used)
        if used:
            self.missing += unset
            wrong = key_faults.find(self._file, service, options, key, where, address)
            if wrong and not self._offline and wrong not in self.problems:
                self.problems.append(wrong)
            if service and not installed.is_installed(service):
                message = f"{service.label}'s libraries are not installed"
                self.lack((*where, "model"), message, installed.command(service))
        return ServicePlan(
            kind, spec.provider, spec.model_name, values, key or None, address, service, arguments
        )

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

    def address(self, name: str, where: Where, *, used: bool = True) -> str | None:
        """The address in the variable ``name``; what is wrong with it is told where the spec uses it."""
        value = self._environ.get(name) or None
        if used and value and (message := problem_with(value)):
            hint = f"export {name}=… with the whole address of the API"
            problem = self._file.problem(where, f"{name}: {message}", hint)
            self.problems += [problem] if problem not in self.problems else []
        return value

    def need(self, unset: Unset) -> None:
        """Note that a variable is needed; offline it is not missed."""
        if not self._offline and not self._environ.get(unset.name):
            self.missing.append(unset)

    def lack(self, where: Where, message: str, command: str) -> None:
        """Note that what stands at ``where`` needs a package that ``command`` installs."""
        self.uninstalled[where] = (message, command)

    def problem(self, where: Where, message: str, hint: str) -> None:
        """Add a problem at ``where``."""
        self.problems.append(self._file.problem(where, message, hint))

    def warnings(self) -> Iterator[Problem]:
        """Unknown models, unset variables where each is first asked for, and missing libraries."""
        yield from self.notes
        first = {unset.name: unset.where for unset in reversed(self.missing)}
        for name, where in first.items():
            hint = f"export {name}=… before serving, or serve --offline"
            yield self._file.problem(where, f"{name} is not set", hint, "warning")
        for where, (message, hint) in self.uninstalled.items():
            yield self._file.problem(where, message, hint, "warning")

    def _find(self, kind: Kind, spec: Alternative, where: Where) -> Service | None:
        """The service that is meant, from the catalogue or from a plugin; None is a problem, told here."""
        try:
            service = catalogue.find(kind, spec.provider) or self._own(kind, spec.provider)
        except PluginError as error:
            self.problem((*where, "model"), error.message, error.hint)
            return None
        if service is None and "/" not in spec.model:
            self.problem(where, f"'{spec.model}' is not provider/model", f"write for example {USUAL[kind]}")
        elif service is None:
            names = catalogue.providers(kind)
            hint = closest(spec.provider, names) or f"write one of: {', '.join(names)}"
            self.problem((*where, "model"), f"there is no provider '{spec.provider}' for {kind}", hint)
        elif service.provider == OPENAI and not spec.model_name:
            self.problem(where, "names no model", f"write for example {USUAL[kind]}")
        return service

    def _mock_server(self, kind: Kind) -> ServicePlan:
        """Offline, what any provider does is done by the mock OpenAI server."""
        model = USUAL[kind].partition("/")[2]
        key, address = self._environ.get(KEY), self._environ.get(ADDRESS)
        return ServicePlan(kind, OPENAI, model, {}, key, address, catalogue.find(kind, OPENAI))

    def _known(
        self, service: Service | None, written: Mapping[str, Any], where: Where
    ) -> tuple[dict[str, str], list[Unset]]:
        """The constructor's arguments that the environment holds, and the variables that it lacks."""
        arguments: dict[str, str] = {}
        unset: list[Unset] = []
        for variable in service.variables if service else ():
            value = self._environ.get(variable.name)
            if variable.argument in written:
                continue
            if value:
                arguments[variable.argument] = value
            elif variable.required:
                unset.append(Unset(variable.name, ("pipeline",) if variable.name == KEY else where))
        return arguments, unset

    def _check(
        self,
        service: Service | None,
        spec: Alternative,
        written: Mapping[str, Any],
        unset: set[str | int],
        where: Where,
    ) -> dict[str, Any]:
        """The settings with their variables filled in; those that wait for a variable are not checked."""
        if service is None:
            return dict(written)
        values = {k: settings.filled(service, k, value, self._environ) for k, value in written.items()}
        checked = {key: value for key, value in values.items() if key not in unset}
        for below, message, hint in settings.check(service, checked, self._is_elsewhere(service, written)):
            self.problem((*where, *below), message, hint)
        if service.provider == OPENAI:
            for below, message, hint in openai.check(service.kind, spec.model_name, values):
                self.problem((*where, *below), message, hint)
        if not service.unchecked:
            self._note_doubt(service, spec.model_name, values, where)
        address = checked.get("base_url")
        if service.takes_http and isinstance(address, str) and (message := problem_with(address)):
            self.problem((*where, "base_url"), message, "write http://localhost:8000/v1")
        return service.with_our_defaults(values)

    def _note_doubt(self, service: Service, model: str, given: Mapping[str, Any], where: Where) -> None:
        """Warn of a model that the provider probably doesn't have; a compatible server may have any."""
        if self._offline or self._is_elsewhere(service, given) or not model:
            return
        names = catalogue.providers(service.kind)
        if doubt := model_makers.doubt(service.kind, service.provider, model, service.model, names):
            self.notes.append(self._file.problem((*where, "model"), *doubt, "warning"))

    def _is_elsewhere(self, service: Service, given: Mapping[str, Any]) -> bool:
        """Whether another server than the provider's is asked, such as one of one's own."""
        return "base_url" in given or (service.provider == OPENAI and bool(self._environ.get(ADDRESS)))
