"""What plugin authors test with."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import Call, ToolError
from agentrun.testing import Conversation, call_tool
from tests.testing.desk import write


def book_table(call: Call, guests: int) -> str:
    """Book a table for this evening."""
    if guests > 12:
        raise ToolError("We seat at most 12.")
    return f"Booked for {guests}, under {call.caller}."


def test_a_tool_is_called_as_a_call_does() -> None:
    assert call_tool(book_table, {"guests": "4"}).text == "Booked for 4, under anonymous."
    call = Call(id="CA1", agent="desk", transport="twilio", from_number="+15551234567")
    assert "+15551234567" in call_tool(book_table, {"guests": 2}, call).text


def test_arguments_that_do_not_fit_are_refused_in_words() -> None:
    outcome = call_tool(book_table, {"guests": "many"})
    assert outcome.status == "refused"
    assert "guests" in outcome.text
    assert call_tool(book_table, {"guests": 20}).text == "We seat at most 12."


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
def test_a_conversation_follows_its_script(tmp_path: Path, style: str) -> None:
    path = write(tmp_path, "- {name: none, turns: [{user: Hello}]}")
    answers = ["Hello!", ("get_hours", {"day": "friday"}), "From six to eleven."]
    with Conversation(path, answers, style=style) as talk:
        assert talk.greeting is not None
        assert talk.greeting.agent == "Hello!"
        answer = talk.say("When are you open?")
    assert answer.agent == "From six to eleven."
    assert [tool.text for tool in answer.tools] == ["from six to eleven on friday"]


def test_results_stand_in_for_tools(tmp_path: Path) -> None:
    path = write(tmp_path, "- {name: none, turns: [{user: Hello}]}")
    answers = ["Hello!", ("get_hours", {"day": "friday"}), "At noon."]
    with Conversation(path, answers, results={"get_hours": "at noon"}) as talk:
        [tool] = talk.say("When are you open?").tools
    assert tool.text == "at noon"


def test_an_answer_that_nobody_asked_for_fails_the_test(tmp_path: Path) -> None:
    path = write(tmp_path, "- {name: none, turns: [{user: Hello}]}")
    with pytest.raises(AssertionError, match="1 answers were not asked for"):  # noqa: SIM117
        with Conversation(path, ["Hello!", "Never said."]):
            pass


def with_fixed_greeting(folder: Path) -> Path:
    path = write(folder, "- {name: none, turns: [{user: Hello}]}")
    path.write_text(path.read_text().replace("greeting: Say hello.", "greeting: {say: Good evening!}"))
    return path


def test_a_script_with_an_answer_for_a_fixed_greeting_is_told_why(tmp_path: Path) -> None:
    path = with_fixed_greeting(tmp_path)
    with pytest.raises(AssertionError, match="is fixed words, for which the model is not asked"):  # noqa: SIM117
        with Conversation(path, ["Good evening!", "Friday."]) as talk:
            talk.say("When are you open?")


def test_a_turn_without_an_answer_in_the_script_says_so_at_once(tmp_path: Path) -> None:
    path = with_fixed_greeting(tmp_path)
    with Conversation(path, []) as talk, pytest.raises(AssertionError, match="no answer left") as caught:
        talk.say("When are you open?")
    assert "say('When are you open?')" in str(caught.value)


def test_a_greeting_without_an_answer_in_the_script_says_so_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "- {name: none, turns: [{user: Hello}]}")
    with pytest.raises(AssertionError, match="the greeting: the model was asked"):  # noqa: SIM117
        with Conversation(path, []):
            pass
