"""Prompts are templates, and what they can't know is found before a call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest

from agentrun.call import Call
from agentrun.spec.loading.load import examine
from agentrun.spec.values import templates

NOW = datetime(2026, 3, 14, 18, 30, tzinfo=UTC)
CALL = Call("CA1", "ncaa", "twilio", "+15551234567", "+15557654321", {"customer": "Ada"})


def wrong(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "desk.yaml"
    path.write_text(text, encoding="utf-8")
    _, found = examine(path)
    return [f"{Path(p.path).name}:{p.line}:{p.column} {p.message}" for p in found]


def test_a_prompt_knows_the_call_the_time_and_the_specs_own_words() -> None:
    text = "{{ shop }} {{ call.from_number }} {{ call.body.customer }} {{ now.strftime('%H:%M') }}"
    assert templates.render(text, CALL, {"shop": "Bella"}, NOW) == "Bella +15551234567 Ada 18:30"


def test_what_the_caller_did_not_send_is_empty() -> None:
    assert templates.render("[{{ call.body.nothing }}]", CALL, {}, NOW) == "[]"
    assert templates.render("[{{ call.from_number }}]", Call("1", "a", "local"), {}, NOW) == "[]"


def test_a_template_is_compiled_once_and_each_call_counts_from_the_beginning() -> None:
    text = "{% set n = namespace(at=0) %}{% for _ in 'abc' %}{% set n.at = n.at + 1 %}{% endfor %}{{ n.at }}"
    calls = [Call(name, "a", "local") for name in ("one", "two")]
    filled = [templates.render(f"{text} {{{{ call.id }}}}", call, {}, NOW) for call in calls]
    assert filled == ["3 one", "3 two"]
    assert templates.compiled(text) is templates.compiled(text)


def test_what_a_caller_sends_is_never_a_template() -> None:
    call = Call("1", "a", "twilio", parameters={"name": "{{ call.id }}"})
    assert templates.render("{{ call.body.name }}", call, {}, NOW) == "{{ call.id }}"


@pytest.mark.parametrize(
    "text",
    ["{{ call.__class__.__mro__ }}", "{{ nobody }}", "{{ now.__init__.__globals__ }}", "{{ [].append(1) }}"],
)
def test_a_template_reaches_nothing_but_its_names(text: str) -> None:
    with pytest.raises(jinja2.TemplateError):
        templates.render(text, CALL, {}, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prompts: You are {{ nme }}.\n", ["desk.yaml:2:21 'nme' is not known here"]),
        (
            "prompts:\n  system: |\n    A\n      {{ call.form_number }}, {{ shp }}\n  greeting: Hi {{ x }}\n",
            [
                "desk.yaml:5:15 'call.form_number' is not known here",
                "desk.yaml:5:34 'shp' is not known here",
                "desk.yaml:6:19 'x' is not known here",
            ],
        ),
        (
            "prompts:\n  system: >\n    One\n    two {{ shp }}\n    three\n",
            ["desk.yaml:5:12 'shp' is not known here"],
        ),
        (
            "prompts:\n  system: Hi\n  greeting: {say: 'Hi {{ x }}'}\n",
            ["desk.yaml:4:26 'x' is not known here"],
        ),
        ("prompts: '{{ call[\"nmber\"] }}'\n", ["desk.yaml:2:20 'call.nmber' is not known here"]),
        ("prompts: '{{ now | clock }}'\n", ["desk.yaml:2:20 'clock' is not known here"]),
        (
            "prompts: '{% include \"/etc/passwd\" %}'\n",
            ["desk.yaml:2:10 a prompt can't take in another file"],
        ),
        ("vars: {call: 1}\nprompts: Hi\n", ["desk.yaml:2:8 'call' is taken: every prompt has it"]),
        ("vars: {my-shop: 1}\nprompts: Hi\n", ["desk.yaml:2:8 a prompt can't write 'my-shop' as a name"]),
        (
            "prompts: {system: Hi, apology: 'Sorry {{ call.id }}'}\n",
            ["desk.yaml:2:32 this text is prepared before a call and can't hold {{ … }}"],
        ),
    ],
)
def test_what_a_prompt_can_not_know_is_found_at_its_line(
    text: str, expected: list[str], tmp_path: Path
) -> None:
    assert wrong(f"transport: local\n{text}", tmp_path) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{% for n in names %}{{ loop.index }} {{ n }}{% endfor %}",
        "{% set x = 1 %}{{ x }}{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1) }}",
        "{% if call.body.vip is defined %}{{ call.body.vip | upper }}{% endif %}",
        "{{ range(3) | join(', ') }}",
    ],
)
def test_what_a_template_defines_itself_is_known(text: str, tmp_path: Path) -> None:
    spec = f"transport: local\nvars: {{names: abc}}\nprompts: '{text.replace(chr(39), chr(39) * 2)}'\n"
    assert wrong(spec, tmp_path) == []


@pytest.mark.parametrize("text", ["{{ " + "(" * 3000, "{{ " + "1" * 9000 + " }}", "{% if %}", "{{ a b }}"])
def test_a_hostile_or_broken_template_is_one_problem(text: str, tmp_path: Path) -> None:
    found = wrong(f"transport: local\nprompts: '{text}'\n", tmp_path)
    assert len(found) == 1
    assert "this template is broken" in found[0]


def test_the_line_of_a_prompt_in_a_file_is_the_files_own(tmp_path: Path) -> None:
    (tmp_path / "desk.md").write_text("You are a voice.\n\nYou work at {{ shp }}.\n", encoding="utf-8")
    text = "transport: local\nvars: {shop: Bella}\nprompts: {system: {file: desk.md}}\n"
    assert wrong(text, tmp_path) == ["desk.md:3:16 'shp' is not known here"]


@pytest.mark.parametrize("name", ["get", "items", "keys", "pop", "copy", "update", "clear", "values"])
def test_a_parameter_may_be_called_as_a_method_is(name: str) -> None:
    call = Call("CA1", "desk", "twilio", parameters={name: "Ada"})
    assert templates.render(f"[{{{{ call.body.{name} }}}}]", call, {}, NOW) == "[Ada]"
    assert templates.render(f"[{{{{ call.body.{name} }}}}]", CALL, {}, NOW) == "[]"
    assert templates.render(f"[{{{{ call.body['{name}'] }}}}]", call, {}, NOW) == "[Ada]"


def test_a_function_is_told_to_nobody() -> None:
    text = "[{{ now.strftime }}{{ call.caller.upper }}{{ range }}]"
    assert templates.render(text, CALL, {}, NOW) == "[]"
