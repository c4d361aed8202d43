"""What a call finds out is in the prompts, the nodes and the branches at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.tools.build import build
from agentrun.tools.tool import Tool
from tests.calls.desk import STYLES
from tests.calls.quick import QuickCall, calls, quick_call
from tests.log_lines import log_lines

PROMPTS = """
prompts:
  system: |
    You answer for a bank. {% if plan %}The caller has the {{ plan }} plan.{% endif %}
    Age: {{ age or 'unknown' }}.
  greeting: {say: Hello.}
  apology: I am sorry.
"""
FIELDS = "vars: {plan: null}\nextract: {age: {type: integer, minimum: 1, maximum: 120}}\n"
FLOW = """
vars: {plan: null}
extract: {age: integer}
extraction: {wait: 5s}
flow:
  initial_node: start
  nodes:
    start:
      task_messages: Ask who they are.
      functions:
        - name: find_customer
          transition_to:
            - {when: {plan: gold, age: {at_least: 18}}, to: gold}
            - {when: {plan: {is_set: true}}, to: others}
        - {name: stay}
        - {name: ask_age, transition_only: true, description: Go on., transition_to: aged}
    gold:
      task_messages: Offer the {{ plan }} desk to somebody of {{ age }}.
    others:
      task_messages: Offer the usual {{ plan }} desk.
    aged:
      task_messages: They are {{ age }}.
"""


def tool(result: Any, save: dict[str, str], name: str = "find_customer") -> Tool:
    async def find_customer(call: Call) -> Any:
        """Look the caller up."""
        del call
        if isinstance(result, Exception):
            raise result
        return result

    return replace(build(find_customer, "bank"), name=name, save=save)


def told(call: QuickCall) -> str:
    """All that the model was given last."""
    return str(call.brain.asked[-1].messages)


@pytest.mark.parametrize("style", STYLES)
async def test_what_a_result_saves_is_in_the_prompt_of_the_very_answer_to_it(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    given = [tool({"customer": {"plan": "gold"}}, {"plan": "customer.plan"})]
    script = [calls("find_customer"), Answer("You have gold.")]
    async with quick_call(
        tmp_path, style, given, script, resources=resources, prompts=PROMPTS, more=FIELDS
    ) as call:
        await call.say("What do I have?")
        await call.said("You have gold.")
        assert "The caller has the gold plan." in told(call)
    assert call.session.call.state["plan"] == "gold"


@pytest.mark.parametrize("style", STYLES)
async def test_a_path_that_is_not_there_takes_the_variable_back_and_is_in_the_record(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    given = [
        tool({"plan": "gold"}, {"plan": "plan"}),
        tool({"customer": None}, {"plan": "customer.plan"}, "find_other"),
    ]
    script = [calls("find_customer"), Answer("Gold."), calls("find_other"), Answer("Nobody.")]
    async with quick_call(
        tmp_path, style, given, script, resources=resources, prompts=PROMPTS, more=FIELDS
    ) as call:
        await call.say("What do I have?")
        await call.said("Gold.")
        await call.say("And he?")
        await call.said("Nobody.")
        assert "gold plan" not in told(call)
    assert call.record.errors == [
        "not_saved: find_other: 'plan' has no value: 'customer.plan' is not in the result"
    ]


async def test_a_tool_that_refuses_saves_nothing_and_of_two_the_last_one_counts(
    tmp_path: Path, resources: Resources
) -> None:
    given = [
        tool({"plan": "gold"}, {"plan": "plan"}),
        tool(ToolError("No."), {"plan": "plan"}, "refuses"),
        tool({"plan": "silver"}, {"plan": "plan"}, "second"),
    ]
    script = [
        calls("find_customer"),
        Answer("One."),
        calls("refuses"),
        Answer("Two."),
        calls("second"),
        Answer("Three."),
    ]
    async with quick_call(
        tmp_path, "cascaded", given, script, resources=resources, prompts=PROMPTS, more=FIELDS
    ) as call:
        for words, answer, plan in (("a", "One.", "gold"), ("b", "Two.", "gold"), ("c", "Three.", "silver")):
            await call.say(words)
            await call.said(answer)
            assert f"has the {plan} plan" in told(call)
    assert call.record.errors == []


@pytest.mark.parametrize("style", STYLES)
async def test_fields_are_read_beside_the_conversation_and_the_next_answer_knows_them(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    script = [Answer("And your name?"), Answer("Thank you.")]
    heard = ["I am eighty.", "Ada."]
    async with quick_call(
        tmp_path, style, [], script, resources=resources, prompts=PROMPTS, more=FIELDS, heard=heard
    ) as call:
        call.brain.found = {"age": "80"}
        await call.say("I am eighty.")
        await call.said("And your name?")
        await call.until(lambda: call.record.variables)
        await call.say("Ada.")
        await call.said("Thank you.")
        assert "Age: 80." in told(call)
        assert "Caller: I am eighty." in str(call.brain.read[0].messages)
    assert call.record.variables == {"age": 80}
    assert call.record.usage["llm openai/gpt-4o"]["input_tokens"] > 0


async def test_a_field_that_does_not_fit_keeps_its_value_and_is_in_the_record(
    tmp_path: Path, resources: Resources
) -> None:
    script = [Answer("One."), Answer("Two.")]
    async with quick_call(
        tmp_path, "cascaded", [], script, resources=resources, prompts=PROMPTS, more=FIELDS
    ) as call:
        call.brain.found = {"age": 80}
        await call.say("I am eighty.")
        await call.said("One.")
        await call.until(lambda: call.record.variables)
        call.brain.found = {"age": 500}
        await call.say("I am five hundred.")
        await call.said("Two.")
        await call.until(lambda: call.record.errors)
    assert call.record.variables == {"age": 80}
    assert call.record.errors == ["not_extracted: 'age' is '500', and not from 1 to 120"]


async def test_no_answer_waits_for_a_slow_reading_and_a_late_one_is_in_the_record(
    tmp_path: Path, resources: Resources
) -> None:
    script = [Answer("One."), Answer("Two.")]
    more = FIELDS + "extraction: {timeout: 1s}\n"
    async with quick_call(
        tmp_path, "cascaded", [], script, resources=resources, prompts=PROMPTS, more=more
    ) as call:
        call.brain.held = asyncio.Event()
        await call.say("I am eighty.")
        await call.said("One.")
        await call.say("Are you there?")
        await call.said("Two.")
        assert call.record.variables == {}
        await call.until(lambda: call.record.errors)
        call.brain.held.set()
    assert call.record.errors[0] == "extraction_late: no values after 1 s"


async def test_a_model_that_can_t_be_asked_costs_the_call_nothing(
    tmp_path: Path, resources: Resources
) -> None:
    more = FIELDS + "extraction: {model: {model: openai/gpt-4o-mini, base_url: 'http://127.0.0.1:9/v1'}}\n"
    async with quick_call(
        tmp_path, "cascaded", [], [Answer("One.")], resources=resources, prompts=PROMPTS, more=more
    ) as call:
        await call.say("I am eighty.")
        await call.said("One.")
        await call.until(lambda: call.record.errors)
    assert call.record.errors[0].startswith("extraction_failed: openai/gpt-4o-mini gave no answer: ")
    assert call.record.ended_by == "caller"


async def test_a_reading_that_breaks_is_in_the_record_and_the_next_words_are_read(
    tmp_path: Path, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    async def broken(*question: object) -> None:
        tries.append(question)
        raise RuntimeError("a defect")

    monkeypatch.setattr("agentrun.session.variables.extraction.structured_answer.ask", broken)
    script = [Answer("One."), Answer("Two.")]
    with log_lines("ERROR") as lines:
        async with quick_call(
            tmp_path, "cascaded", [], script, resources=resources, prompts=PROMPTS, more=FIELDS
        ) as call:
            await call.say("I am eighty.")
            await call.said("One.")
            await call.say("Are you there?")
            await call.said("Two.")
            await call.until(lambda: len(tries) > 1)
    assert call.record.errors == ["extraction_failed: RuntimeError"] * 2
    told = [line for line in lines if "reading the caller's words broke" in line]
    assert len(told) == 2
    assert all("RuntimeError: a defect" in line for line in told), "whoever mends it needs the traceback"


async def test_a_caller_who_hangs_up_is_still_read_for_a_moment(tmp_path: Path, resources: Resources) -> None:
    async with quick_call(
        tmp_path, "cascaded", [], [Answer("One.")], resources=resources, prompts=PROMPTS, more=FIELDS
    ) as call:
        call.brain.held, call.brain.found = asyncio.Event(), {"age": 80}
        await call.say("I am eighty.")
        await call.until(lambda: call.brain.read)
        await call.transport.hang_up()
        asyncio.get_running_loop().call_later(0.2, call.brain.held.set)
    assert call.record.variables == {"age": 80}


async def test_a_reading_that_outlasts_the_call_is_given_up(tmp_path: Path, resources: Resources) -> None:
    async with quick_call(
        tmp_path, "cascaded", [], [Answer("One.")], resources=resources, prompts=PROMPTS, more=FIELDS
    ) as call:
        call.brain.held = asyncio.Event()
        await call.say("I am eighty.")
        await call.until(lambda: call.brain.read)
    assert (
        "extraction_cancelled: the call ended before the caller's last words had been read"
        in call.record.errors
    )
    call.brain.held.set()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("plan", "age", "task"),
    [
        ("gold", 80, "Offer the gold desk to somebody of 80."),
        ("gold", 7, "Offer the usual gold desk."),
        ("silver", 80, "Offer the usual silver desk."),
    ],
)
async def test_a_way_goes_by_what_was_saved_and_what_was_read(
    tmp_path: Path, style: str, plan: str, age: int, task: str, resources: Resources
) -> None:
    given = [tool({"plan": plan}, {"plan": "plan"}), tool("ok", {}, "stay")]
    script = [calls("find_customer"), Answer("Welcome.")]
    async with quick_call(tmp_path, style, given, script, resources=resources, more=FLOW) as call:
        call.brain.found = {"age": age}
        await call.say("It is me.")
        await call.said("Welcome.")
        assert task in told(call)


async def test_a_way_waits_for_a_field_only_so_long_and_then_goes_without_it(
    tmp_path: Path, resources: Resources
) -> None:
    given = [tool({"plan": "gold"}, {"plan": "plan"}), tool("ok", {}, "stay")]
    script = [calls("find_customer"), Answer("Welcome.")]
    more = FLOW.replace("wait: 5s", "wait: 200ms")
    async with quick_call(tmp_path, "cascaded", given, script, resources=resources, more=more) as call:
        call.brain.held = asyncio.Event()
        await call.say("It is me.")
        await call.said("Welcome.")
        assert "Offer the usual gold desk." in told(call)
        call.brain.held.set()
    assert "extraction_late: a step did not wait longer than 0.2 s" in call.record.errors


@pytest.mark.parametrize("style", STYLES)
async def test_no_way_that_is_open_leaves_the_caller_where_they_are(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    given = [tool({}, {"plan": "plan"}), tool("ok", {}, "stay")]
    script = [calls("find_customer"), Answer("Who are you?")]
    async with quick_call(tmp_path, style, given, script, resources=resources, more=FLOW) as call:
        await call.say("It is me.")
        await call.said("Who are you?")
        names = {each.get("function", each)["name"] for each in call.brain.asked[-1].tools}
    assert names == {"find_customer", "stay", "ask_age"}


async def test_a_node_that_names_a_field_is_not_entered_before_it_was_found(
    tmp_path: Path, resources: Resources
) -> None:
    script = [calls("ask_age"), Answer("How old are you?"), calls("ask_age"), Answer("I see.")]
    given = [tool({}, {}), tool("ok", {}, "stay")]
    async with quick_call(tmp_path, "cascaded", given, script, resources=resources, more=FLOW) as call:
        await call.say("Go on.")
        await call.said("How old are you?")
        assert "{{ age }} has no value yet" in str(call.tool_results())
        call.brain.found = {"age": 80}
        await call.say("Eighty.")
        await call.said("I see.")
        assert "They are 80." in told(call)


@pytest.mark.parametrize("style", STYLES)
async def test_a_prompt_that_this_call_can_t_fill_in_leaves_out_what_fails_and_is_in_the_record(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    prompts = """
prompts:
  system: You answer {{ call.body.name.split()[0] }} for a bank. {{ plan }}
  greeting: {say: "Hello{{ call.body.name.split()[0] }}."}
  apology: I am sorry.
"""
    given = [tool({"plan": "gold"}, {"plan": "plan"})]
    script = [calls("find_customer"), Answer("Gold.")]
    async with quick_call(
        tmp_path, style, given, script, resources=resources, prompts=prompts, more=FIELDS
    ) as call:
        await call.say("What do I have?")
        await call.said("Gold.")
        assert "You answer  for a bank. gold" in told(call)
    why = "can't be filled in whole with these values: UndefinedError"
    assert call.record.errors == [f"not_told: prompts.{part} {why}" for part in ("system", "greeting")]


@pytest.mark.parametrize("style", STYLES)
async def test_nothing_is_said_while_a_step_waits_for_what_is_being_read(
    tmp_path: Path, style: str, resources: Resources
) -> None:
    """The model is asked at the node that the step leads to, and not before."""
    script = [calls("ask_age"), Answer("I see."), Answer("And again.")]
    given = [tool({}, {}), tool("ok", {}, "stay")]
    async with quick_call(tmp_path, style, given, script, resources=resources, more=FLOW) as call:
        call.brain.held, call.brain.found = asyncio.Event(), {"age": 80}
        await call.say("I am eighty, go on.")
        await asyncio.sleep(1.5)
        assert "I see." not in call.agent_words
        call.brain.held.set()
        await call.said("I see.")
        assert "They are 80." in told(call)
        await asyncio.sleep(0.5)
    assert "And again." not in call.agent_words
