"""The files that ``agentrun new`` creates: small, complete, and passing their own tests."""

from __future__ import annotations

from agentrun import __version__, distribution

PLUGIN = '''"""{title}: tools for an agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentrun import ToolError, hookimpl


def look_up_order(number: int) -> str:
    """Say where an order is.

    Args:
        number: The order's number.
    """
    if number < 1:
        raise ToolError("There is no such order. Ask for the number again.")
    return f"Order {{number}} is on its way."


@hookimpl
def agentrun_tools() -> list[Callable[..., Any]]:
    return [look_up_order]
'''
PLUGIN_TEST = '''"""The tools of {name}, as a call runs them."""

from __future__ import annotations

from agentrun.testing import call_tool
from {module} import look_up_order


def test_an_order_is_found() -> None:
    assert call_tool(look_up_order, {{"number": 7}}).text == "Order 7 is on its way."


def test_what_is_no_order_is_told_to_the_model() -> None:
    outcome = call_tool(look_up_order, {{"number": 0}})
    assert (outcome.status, outcome.text[:22]) == ("refused", "There is no such order")


def test_what_is_no_number_is_told_to_the_model() -> None:
    assert call_tool(look_up_order, {{"number": "seven"}}).status == "refused"
'''
AGENT = """name: {name}
description: {title}.
transport: {transport}
pipeline:
  style: {style}
prompts:
  system: |-
    You answer for {title}. What you say is spoken aloud: short sentences, no lists, no symbols.
    Say so when you don't know something.
  greeting: Say hello for {title} and ask how you can help.
tools: [hang_up{more}]
turns:
  idle: {{after: 15s, say: "Are you still there?"}}
limits: {{max_duration: 15m}}
"""
TESTS = """name: {name}
scenarios:
  - name: greeting
    turns:
      - llm: {{say: "Hello, this is {title}. How can I help you?"}}
        expect: [{{event: response, text_contains: How can I help}}]
  - name: off-topic
    turns:
      - user: What is the weather on Mars?
        llm: {{say: "I don't know that, but I can help you with {title}."}}
        expect: [{{event: response, text_contains: I don't know}}]
  - name: interrupted
    turns:
      - user: Tell me everything.
        llm: {{say: "There is a lot to tell, and I will begin at the very beginning, which was long ago."}}
        expect: [{{event: bot_started_speaking}}]
      - user: Wait, stop.
        send_after: {{event: bot_started_speaking, delay_ms: 1000}}
        llm: {{say: "Of course."}}
        expect: [{{event: bot_interrupted}}, {{event: response, text_contains: Of course}}]
  - name: goodbye
    ended_by: agent
    turns:
      - user: Goodbye.
        llm: {{call: hang_up, args: {{goodbye: "Goodbye!"}}}}
        expect:
          - event: function_call
            calls: [{{name: hang_up}}]
"""
ORDER_TESTS = """  - name: order
    turns:
      - user: Where is order seven?
        llm: {call: look_up_order, args: {number: 7}}
        expect:
          - event: function_call
            calls: [{name: look_up_order, args: {number: 7}}]
          - {event: response, text_contains: on its way}
  - name: order-without-a-number
    turns:
      - user: Where is my order?
        llm: {say: "What is the number of your order?"}
        expect: [{event: response, text_contains: number of your order}]
      - user: It is number twelve.
        llm: {call: look_up_order, args: {number: 12}}
        expect:
          - event: function_call
            calls: [{name: look_up_order, args: {number: 12}}]
          - {event: response, text_contains: Order 12}
  - name: no-such-order
    turns:
      - user: Where is order zero?
        llm:
          - {call: look_up_order, args: {number: 0}}
          - {say: "There is no order with this number. Could you say it again?"}
        expect:
          - event: function_call
            calls: [{name: look_up_order, args: {number: 0}}]
          - {event: response, text_contains: no order with this number}
"""
README = """# {title}

```console
$ pip install -r requirements.txt
$ agentrun check
$ agentrun test
$ pytest
$ agentrun serve --offline
```

and in another terminal

```console
$ agentrun call http://127.0.0.1:7860/front-desk/twilio/voice --say "Where is order seven?"
```

`agents/` holds the agents and their tests, `plugins/` what they may do. `agentrun test` plays the agents'
tests; `pytest` does so too, and runs the plugins' own. Without `--offline` the models of OpenAI answer:
`export OPENAI_API_KEY=…`.
"""
REQUIREMENTS = f"""{distribution.NAME}[browser,offline]~={__version__}
pytest>=8.3
"""
CI = """name: check
on: [push, pull_request]
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install -r requirements.txt
      - run: agentrun check --format github
      - run: pytest
"""
PYTEST = """[tool.pytest.ini_options]
testpaths = ["agents", "plugins"]
pythonpath = ["plugins"]
"""
IGNORE = """__pycache__/
.agentrun/
agentrun-calls.sqlite3*
.env
"""
