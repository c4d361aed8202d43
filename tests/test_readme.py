"""What README.md says is true: its table of OpenAI's APIs, its agents, and its commands."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import yaml
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from agentrun import spec
from agentrun.cli.main import COMMANDS, main
from agentrun.pipeline.realtime import pipeline as realtime
from agentrun.pipeline.services import build as services
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
ENVIRON = {"OPENAI_API_KEY": "test"}


def rows() -> list[tuple[str, str, str]]:
    """Model, spec lines and service of every row and model of the table."""
    found = []
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[3].startswith("`OpenAI"):
            models = re.findall(r"`([^`]+)`", cells[1])
            found += [(model, cells[2], cells[3].strip("`")) for model in models]
    return found


def plan_of(text: str, folder: Path) -> Plan:
    path = folder / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    return planning.make(spec.load(path), (), ENVIRON)


@pytest.fixture(scope="module")
def resources() -> Resources:
    return Resources()


def test_the_guide_s_models_are_all_in_the_table() -> None:
    models = {model for model, _, _ in rows()}
    guide = {
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-4o-audio-preview",
        "gpt-4o-realtime-preview",
        "gpt-4o-mini-realtime-preview",
        "gpt-4o-mini-tts",
    }
    assert guide <= models


@pytest.mark.parametrize(("model", "lines", "service"), rows())
def test_every_row_builds_the_service_that_it_names(
    model: str, lines: str, service: str, tmp_path: Path, resources: Resources
) -> None:
    pipeline: dict[str, object] = {}
    for line in re.findall(r"`([^`]+:[^`]+)`", lines):
        pipeline |= yaml.safe_load(re.sub(r", \w+: …|\w+: …, ", "", line))
    part = "realtime" if "realtime" in pipeline else next(iter(pipeline))
    given = pipeline[part]
    settings = given if isinstance(given, dict) else {"model": given}
    pipeline[part] = {**settings, "model": f"openai/{model}"}
    body = {"transport": "local", "prompts": "Be brief.", "pipeline": pipeline}
    plan = plan_of(yaml.safe_dump(body), tmp_path)
    built: object
    if part == "realtime":
        assert plan.realtime is not None
        built = realtime.service(plan.realtime, "Be brief.", OpenAIRealtimeLLMService)
    elif part == "stt":
        assert plan.stt is not None
        built = services.stt(plan.stt, resources)
    elif part == "tts":
        assert plan.tts is not None
        built = services.tts(plan.tts, resources)
    else:
        assert plan.llm is not None
        built = services.llm(plan.llm, "Be brief.", resources)
        assert (plan.stt is None) == ("without `stt`" in lines)
    assert service in [cls.__name__ for cls in type(built).__mro__]


def test_the_ten_line_agent_and_the_turns_are_specs_that_load(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    agent, conduct = blocks[0], next(block for block in blocks if "turns:\n" in block and "vars:" in block)
    assert len(agent.splitlines()) <= 10
    assert plan_of(agent, tmp_path).spec.name == "desk"
    assert plan_of(f"transport: local\n{conduct}", tmp_path).spec.turns.min_words == 2


def options_of(command: click.Command) -> set[str]:
    """Its options, and those of the commands in it."""
    found = {option for parameter in command.params for option in parameter.opts}
    inside = command.commands.values() if isinstance(command, click.Group) else ()
    return found.union(*map(options_of, inside))


def test_every_command_of_the_readme_exists_with_its_options() -> None:
    assert set(COMMANDS) <= set(re.findall(r"agentrun (\w+)", TEXT))
    context = main.make_context("agentrun", [], resilient_parsing=True)
    known: set[str] = set()
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        known |= options_of(command)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= known | {"--help"}


@pytest.mark.parametrize("path", sorted((README.parent / "agents").glob("*[!s].yaml")), ids=lambda p: p.stem)
def test_every_example_agent_checks_clean(path: Path) -> None:
    from agentrun import plugins

    file = spec.load(path)
    assert planning.make(file, plugins.load(file), ENVIRON).missing == ()
