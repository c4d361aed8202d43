"""What an agent asks, seen from the place that it is brought to."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from agentrun import plugins, spec
from agentrun.deploy import asked_addresses
from agentrun.deploy.compose import files as compose
from agentrun.deploy.helm import files as helm
from agentrun.deploy.targets import TARGETS
from agentrun.plan import plan as planning
from tests.deploy.places import deployment, plan_of
from tests.deploy.test_kubernetes import URL, manifests

NEAR = 'pipeline: {llm: {model: openai/gpt-4o, base_url: "http://127.0.0.1:11434/v1"}}\n'
INSIDE = 'record: {webhook: "http://10.0.0.5:8080/calls"}\n'
PUBLIC = 'record: {webhook: "https://crm.example.com:8443/calls"}\n'


def warned(folder: Path, target: str, more: str) -> list[tuple[str, str]]:
    found = TARGETS[target].problems_with(plan_of(folder, more=more), {})
    return [(one.where, one.message) for one in found if " there, " in one.message or "alone" in one.message]


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"bot"}))
def test_an_address_that_is_another_one_there_is_a_warning(tmp_path: Path, target: str) -> None:
    itself = "the server itself" if target == "systemd" else "the container"
    assert warned(tmp_path, target, NEAR + INSIDE) == [
        ("pipeline.llm.base_url", f"127.0.0.1:11434 is {itself} there, and not this machine"),
        ("record.webhook", "10.0.0.5:8080 can be asked from within its own network alone"),
    ]
    assert warned(tmp_path, target, PUBLIC) == []


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("vllm.default.svc.cluster.local", {"helm", "kubernetes"}),
        ("vllm.default.svc", set(TARGETS)),
        ("host.docker.internal", {"compose"}),
        ("nas.local", set()),
    ],
)
def test_a_name_that_a_place_has_of_its_own_draws_no_warning_there(
    tmp_path: Path, host: str, there: set[str]
) -> None:
    more = f'pipeline: {{llm: {{model: openai/gpt-4o, base_url: "http://{host}:8000/v1"}}}}\n'
    quiet = {target for target in TARGETS if not warned(tmp_path, target, more)}
    assert quiet - {"bot"} == there - {"bot"}


def test_a_container_of_compose_knows_the_name_of_its_host(tmp_path: Path) -> None:
    contents = compose.files(deployment(tmp_path, public_url=URL))
    services = yaml.safe_load(contents["compose.yaml"])["services"]
    for name in ("agentrun-1", "agentrun-2"):
        assert services[name]["extra_hosts"] == ["host.docker.internal:host-gateway"]


def test_a_bot_runs_on_this_machine_and_draws_no_warning(tmp_path: Path) -> None:
    assert warned(tmp_path, "bot", NEAR) == []


def test_an_agent_that_is_handed_over_to_counts_too(tmp_path: Path) -> None:
    front = plan_of(tmp_path)
    front.handoff_targets["desk"] = plan_of(tmp_path, more=INSIDE)
    assert [one.where for one in asked_addresses.problems(front, "the container")] == ["record.webhook"]


def test_a_cluster_lets_agents_out_at_the_ports_that_they_ask_at(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, more=NEAR + INSIDE)
    rule = manifests(tmp_path, plan)["NetworkPolicy"]["spec"]["egress"][2]
    assert [one["port"] for one in rule["ports"]] == [443, 5432, 8080]
    values = helm.files(deployment(tmp_path, plan, public_url=URL))["chart/values.yaml"]
    assert yaml.safe_load(values)["networkPolicy"]["ports"] == [443, 5432, 8080]


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"bot"}))
def test_a_model_of_ones_own_that_no_address_names_is_on_this_machine(tmp_path: Path, target: str) -> None:
    itself = "the server itself" if target == "systemd" else "the container"
    assert warned(tmp_path, target, "pipeline: {llm: ollama/llama3}\n") == [
        ("pipeline.llm", f"localhost:11434 is {itself} there, and not this machine")
    ]
    elsewhere = 'pipeline: {llm: {model: ollama/llama3, base_url: "https://models.example.com/v1"}}\n'
    assert warned(tmp_path, target, elsewhere) == []


@pytest.mark.parametrize("target", sorted(set(TARGETS) - {"bot"}))
def test_a_program_that_a_tool_begins_has_to_be_there_too(tmp_path: Path, target: str) -> None:
    def said(command: str) -> list[str]:
        plan = plan_of(tmp_path)
        text = plan.file.path.read_text().replace(
            "tools: [hours]", f"tools: [{{mcp: {{command: {command}}}}}]"
        )
        plan.file.path.write_text(text)
        file = spec.load(plan.file.path)
        found = TARGETS[target].problems_with(planning.make(file, plugins.load(file), {}), {})
        return [one.message for one in found if "installed there" in one.message]

    assert said("[npx, -y, some-server]") == ["'npx' has to be installed there"]
    assert said("[python, server.py]") == []
