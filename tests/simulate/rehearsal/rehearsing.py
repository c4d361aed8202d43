"""Agents to rehearse with."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.spec.loading.load import load
from agentrun.spec.models.agent import AgentSpec

ROOT = Path(__file__).parents[3]
MEN, WOMEN = "get_mens_basketball_scores", "get_womens_basketball_scores"
Messages = list[dict[str, Any]]


def tool(name: str, description: str, **parameters: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": parameters, "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


TOOLS = [
    tool(
        MEN,
        "Get the scores of tonight's men's college basketball games: finished, under way or about to start.",
    ),
    tool(WOMEN, "Get the scores of tonight's women's college basketball games: finished or under way."),
]
TABLE = tool(
    "book_table",
    "Book a table for this evening.",
    guests={"type": "integer", "description": "How many people are coming."},
    time={"type": "string", "description": "Arrival time on the 24-hour clock, such as 19:30."},
)
HOURS = tool("get_opening_hours", "Get the hours at which the restaurant is open.")


def spec_of(folder: Path, name: str, text: str) -> AgentSpec:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return load(path).spec


def ncaa_spec() -> AgentSpec:
    """The example that answers about basketball."""
    return load(ROOT / "agents" / "ncaa.yaml").spec


def trattoria(folder: Path, *turns: dict[str, Any], greeting: str = "Greet the caller.") -> AgentSpec:
    tests = [{"name": "only", "turns": list(turns) or [{"user": "Hi"}]}]
    spec = {
        "transport": "local",
        "prompts": {"system": "You take bookings.", "greeting": greeting},
        "tests": tests,
    }
    return spec_of(folder, "trattoria", json.dumps(spec))


def caller(*said: str) -> Messages:
    """A system prompt, and then the caller and the agent in turn, the caller first."""
    roles = ("user", "assistant")
    turns = [{"role": roles[number % 2], "content": text} for number, text in enumerate(said)]
    return [{"role": "system", "content": "You are an agent."}, *turns]


async def ask(
    spec: AgentSpec, messages: Messages, tools: list[dict[str, Any]] | None = None, agent: str = ""
) -> Answer:
    rehearsal = Rehearsal([spec], today=lambda: datetime.date(2026, 3, 18))
    return await rehearsal.answer(Conversation(messages, TOOLS if tools is None else tools, agent))
