"""Every service of the catalogue is checked in a spec: settings that fit, and settings that don't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentrun.errors import Problem, SetupError, SpecError
from agentrun.providers import catalogue, installed
from agentrun.providers.service import Service, Setting
from tests.providers.walk import environ_of, named, plan_of, sample

OTHERS = [service for service in catalogue.services() if service.provider != "openai"]
SECRETS = ("key", "token", "secret", "credentials", "password")


def problems(folder: Path, service: Service, settings: dict[str, Any]) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        plan_of(folder, service, settings)
    return caught.value.problems


def writable(service: Service) -> dict[str, Setting]:
    """Settings that may stand in a file; a key stands in a variable."""
    return {
        name: known for name, known in service.settings.items() if not any(s in name.lower() for s in SECRETS)
    }


@pytest.mark.parametrize("service", OTHERS, ids=named)
def test_settings_that_fit_are_accepted(service: Service, tmp_path: Path) -> None:
    settings = {name: sample(known) for name, known in writable(service).items()}
    plan = plan_of(tmp_path, service, settings)
    part = getattr(plan, service.kind)
    assert plan.missing == ()
    assert {**part.settings, **({"base_url": part.base_url} if part.base_url else {})} == settings | (
        {"base_url": part.base_url} if part.base_url else {}
    )


@pytest.mark.parametrize("service", OTHERS, ids=named)
def test_a_misspelt_setting_is_told_with_its_line_and_a_close_match(service: Service, tmp_path: Path) -> None:
    name = max(writable(service), key=len)
    misspelt = name[:-1] + name[-1] * 2
    [problem] = problems(tmp_path, service, {misspelt: sample(service.settings[name])})
    assert problem.line == 7
    assert problem.message == f"{service.provider} {service.kind} has no setting '{misspelt}'"
    assert problem.hint == f"did you mean '{name}'?"


@pytest.mark.parametrize("service", OTHERS, ids=named)
def test_every_setting_of_a_wrong_type_is_told_with_its_line(service: Service, tmp_path: Path) -> None:
    typed = {name: known for name, known in writable(service).items() if known.type != "any"}
    wrong = {name: {"no": 1} if "object" not in known.types else 7.5 for name, known in typed.items()}
    found = problems(tmp_path, service, wrong)
    assert {(p.line, p.where.rpartition(".")[2]) for p in found} == {
        (line, name) for line, name in enumerate(wrong, start=7)
    }


@pytest.mark.parametrize("service", OTHERS, ids=named)
def test_what_is_not_set_is_named(service: Service, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, service, {}, {"OPENAI_API_KEY": "key"})
    needed = {v.name for v in service.variables if v.required} - {"OPENAI_API_KEY"}
    assert set(plan.missing) == needed
    assert {w.message for w in plan.warnings if "is not set" in w.message} == {
        f"{name} is not set" for name in needed
    }


@pytest.mark.parametrize("service", OTHERS, ids=named)
def test_what_is_not_installed_is_a_warning_with_its_command_and_stops_serve(
    service: Service, tmp_path: Path
) -> None:
    plan = plan_of(tmp_path, service, {}, environ_of(service))
    told = [w for w in plan.warnings if "not installed" in w.message]
    if installed.is_installed(service):
        assert told == []
        plan.require_keys()
        return
    [warning] = told
    assert (warning.line, warning.hint) == (6, installed.command(service))
    with pytest.raises(SetupError, match=r"are not installed\n  hint: .*pip install .*pipecat-ai\["):
        plan.require_keys()
