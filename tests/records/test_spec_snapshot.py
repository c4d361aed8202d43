"""What a call was run with is kept without a word of it, and a change is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from agentrun import plugins, spec
from agentrun.records import spec_snapshot

SPEC = """
transport: twilio
pipeline:
  llm: {model: openai/gpt-4o, temperature: 0.2, api_key: "${OTHER_KEY}"}
prompts: {system: You are Rosa and your canary is yellow., greeting: {say: Good day.}}
vars: {opens: six, closes: eleven}
tools: [desk]
"""
PLUGIN = '''
from agentrun import hookimpl

def book(guests: int, name: str = "") -> str:
    """Book a canary."""
    return "booked"

@hookimpl
def agentrun_tools():
    return [book]
'''


def taken(folder: Path, text: str = SPEC, plugin: str = PLUGIN) -> dict[str, object]:
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "desk.py").write_text(plugin, encoding="utf-8")
    path = folder / "desk.yaml"
    path.write_text(text, encoding="utf-8")
    file = spec.load(path)
    return spec_snapshot.take(replace(file, path=Path("desk.yaml")), plugins.load(file))


def test_no_prompt_description_or_variable_is_in_it(tmp_path: Path) -> None:
    kept = json.dumps(taken(tmp_path))
    for word in ("canary", "Good day", "OTHER_KEY", "six", "You are"):
        assert word not in kept
    assert len(kept) < 1500


def test_each_change_is_named_in_the_words_of_the_spec(tmp_path: Path) -> None:
    then = taken(tmp_path)

    def changes(text: str = SPEC, plugin: str = PLUGIN) -> list[str]:
        return spec_snapshot.differences(json.loads(json.dumps(then)), taken(tmp_path, text, plugin))

    assert changes() == []
    assert changes(SPEC.replace("yellow", "red")) == ["prompts.system changed"]
    assert changes(SPEC.replace("{say: Good day.}", "Good day.")) == ["prompts.greeting changed"]
    assert changes(SPEC.replace("opens: six, ", "opens: 7, ")) == ["vars.opens changed"]
    assert changes(SPEC.replace("opens: six, ", "")) == ["vars.opens is gone"]
    assert changes(SPEC.replace("gpt-4o,", "gpt-4o-mini,")) == [
        "pipeline.llm: the model was openai/gpt-4o, and is openai/gpt-4o-mini"
    ]
    assert changes(SPEC.replace("0.2", "0.9")) == ["pipeline.llm: temperature changed"]
    assert changes(SPEC.replace("OTHER_KEY", "NEXT_KEY")) == []
    assert "pipeline.style was cascaded, and is realtime" in changes(
        SPEC.replace("pipeline:\n", "pipeline:\n  style: realtime\n")
    )
    assert changes(SPEC.replace("tools: [desk]", "")) == ["the tool book is gone"]
    assert changes(plugin=PLUGIN.replace("a canary", "a bird")) == ["the tool book: the description changed"]
    assert changes(plugin=PLUGIN.replace("guests: int", "guests: str")) == [
        "the tool book: parameter guests changed"
    ]
    assert changes(plugin=PLUGIN.replace('name: str = ""', "name: str | int")) == [
        "the tool book: parameter name changed",
        "the tool book: parameter name is now required",
    ]
