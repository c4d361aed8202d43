"""What README.md and the documentation say is true: OpenAI's APIs, the agents, and the commands."""

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

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
STYLES = (ROOT / "docs" / "how-to" / "choose-a-style.md").read_text(encoding="utf-8")
PROSE = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_LINES = 200
OTHERS = {
    *("--hmac", "--upgrade", "--locked", "--no-deps", "--require-hashes", "--proxy-headers"),
    *("--bot-url", "--stop-timeout", "--force", "--region", "--skip", "--build-arg"),
}
"""Options in the documentation that are another program's."""
ENVIRON = {"OPENAI_API_KEY": "test"}


def rows() -> list[tuple[str, str, str]]:
    """Model, spec lines and service of every row and model of the table."""
    found = []
    for line in STYLES.splitlines():
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


def test_the_readme_is_short() -> None:
    assert len(TEXT.splitlines()) <= MOST_LINES


def test_the_ten_line_agent_is_a_spec_that_loads(tmp_path: Path) -> None:
    agent = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
    assert len(agent.splitlines()) <= 10
    assert plan_of(agent, tmp_path).spec.name == "desk"


def options_of(command: click.Command) -> set[str]:
    """Its options, and those of the commands in it."""
    found = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    inside = command.commands.values() if isinstance(command, click.Group) else ()
    return found.union(*map(options_of, inside))


def known_options() -> set[str]:
    context = main.make_context("agentrun", [], resilient_parsing=True)
    known: set[str] = set()
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        known |= options_of(command)
    return known | {"--help"}


def test_the_readme_names_every_command() -> None:
    assert set(COMMANDS) <= set(re.findall(r"`(\w+)`", TEXT))


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_in_the_documentation_exists_with_its_options(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.search(r"\bagentrun [a-z]", line) or "`--" in line]
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
    # how a library was built, which the page of licences names
    options = {option for option in options if not option.startswith("--enable-")}
    assert options <= known_options() | OTHERS
    named = set(re.findall(r"(?:`|\$ )agentrun ([a-z]+)(?![\w:])", text, re.MULTILINE))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("path", sorted((README.parent / "agents").glob("*[!s].yaml")), ids=lambda p: p.stem)
def test_every_example_agent_checks_clean(path: Path) -> None:
    from agentrun import plugins

    file = spec.load(path)
    assert planning.make(file, plugins.load(file), ENVIRON).missing == ()
