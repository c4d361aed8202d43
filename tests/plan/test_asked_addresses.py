"""The addresses that an agent asks, and from where they can be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.plan import asked_addresses
from agentrun.plan import plan as planning
from agentrun.plan.asked_addresses import Address, Reach

SPEC = """transport: {type: twilio, public_url: "https://10.0.0.9"}
prompts:
  system: "http://127.0.0.1/ is what this begins with."
  greeting: {say: Hello.}
pipeline:
  llm:
    model: openai/gpt-4o
    base_url: "http://10.1.2.3:8000/v1"
    fallback: [{model: openai/gpt-4o-mini, base_url: "http://localhost:11434/v1"}]
record: {webhook: "https://crm.example.com:8443/calls"}
tools:
  - mcp: {url: "http://[::1]:8123/mcp"}
  - mcp: {url: "${MCP_URL}"}
  - use: http
    name: find
    description: Find it.
    method: GET
    url: "http://192.168.1.7/find/{{ what }}"
    allow_private: true
    parameters: {what: {type: string, description: What.}}
tests:
  - {name: one, turns: [{user: "http://127.0.0.1:1/"}]}
"""


def asked(folder: Path, text: str, environ: dict[str, str]) -> list[tuple[str, str]]:
    path = folder / "desk.yaml"
    path.write_text(text)
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), environ)
    return [(file.problem(one.where, "").where, str(one)) for one in asked_addresses.of(plan)]


def test_every_address_is_found_where_it_stands_and_nothing_else_is_one(tmp_path: Path) -> None:
    assert sorted(asked(tmp_path, SPEC, {})) == [
        ("pipeline.llm.base_url", "10.1.2.3:8000"),
        ("pipeline.llm.fallback[0].base_url", "localhost:11434"),
        ("record.webhook", "crm.example.com:8443"),
        ("tools[0].mcp.url", "[::1]:8123"),
        ("tools[2].url", "192.168.1.7:80"),
    ]


def test_what_the_environment_says_of_a_service_counts_too(tmp_path: Path) -> None:
    text = "transport: twilio\nprompts: Hi.\n"
    there = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert {address for _, address in asked(tmp_path, text, there)} == {"127.0.0.1:9"}
    assert asked(tmp_path, text, {}) == []


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("127.0.0.1", "machine"), ("127.9.9.9", "machine"), ("::1", "machine"), ("LOCALHOST.", "machine"),
        ("a.localhost", "machine"), ("::", "machine"), ("10.0.0.1", "network"),
        ("172.16.0.1", "network"), ("192.168.0.1", "network"), ("169.254.169.254", "network"),
        ("fd00::1", "network"), ("fe80::1", "network"), ("printer.local", "network"),
        ("8.8.8.8", "anywhere"), ("api.openai.com", "anywhere"), ("llm.voice.svc", "anywhere"),
    ],
)  # fmt: skip
def test_an_address_says_from_where_it_can_be_asked(host: str, reach: Reach) -> None:
    assert Address((), host, 443).reach == reach
