"""Rehearsal answers as the spec's tests and the tools' descriptions say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.engines.engines import Answer, Conversation
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.spec.models.agent import AgentSpec
from tests.simulate.rehearsal.rehearsing import (
    HOURS,
    MEN,
    ROOT,
    TABLE,
    WOMEN,
    ask,
    caller,
    ncaa_spec,
    tool,
    trattoria,
)

CORPUS = json.loads((ROOT / "tests" / "corpus" / "transcripts.json").read_text())
ASKS_BACK = "I am not sure what you mean. I can help with mens basketball scores or womens basketball scores."


@pytest.fixture(scope="module")
def ncaa() -> AgentSpec:
    return ncaa_spec()


def called(answer: Answer) -> str:
    return " ".join(call.name for call in answer.calls) or answer.text


CORPUS_ANSWERS = {
    "hello": "doing great",
    "mens_scores": MEN,
    "womens_scores": WOMEN,
    "team_duke": MEN,
    "team_uconn_women": WOMEN,
    "team_gonzaga": MEN,
    "followup_womens": WOMEN,
    "interrupt_stop": "I'll stop",
    "interrupt_change": ASKS_BACK,
    "smalltalk_joke": "computer voice",
    "offtopic": "only know basketball",
    "repeat": "Duke 78, final.",
    "ambiguous": "Do you mean the men's games or the women's games?",
    "goodbye": "goodbye",
    "hangup": "Goodbye",
}


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["key"])
async def test_the_corpus_is_answered_rightly(ncaa: AgentSpec, entry: dict[str, str]) -> None:
    answer = await ask(ncaa, caller("Did Duke win?", "Duke 78, final.", entry["text"]))
    assert CORPUS_ANSWERS[entry["key"]] in called(answer)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("How did the men do?", MEN),
        ("Any men's games on right now?", MEN),
        ("What about the men?", MEN),
        ("the men's", MEN),
        ("I'd like the guys' basketball results", MEN),
        ("Did Kansas win?", MEN),
        ("Is South Carolina winning?", MEN),
        ("Who won the women's game last night?", WOMEN),
        ("Women's scores please", WOMEN),
        ("What was the final score of the Connecticut Women's Game?", WOMEN),
        ("Give me the ladies' results.", WOMEN),
        ("Tell me about the girls' tournament", WOMEN),
        ("Order me a pizza with cheese", ASKS_BACK),
        ("Who is the president of France?", ASKS_BACK),
        ("Book me a flight to Boston.", ASKS_BACK),
        ("How old are you?", ASKS_BACK),
        ("Hello?", "Hello! How can I help you?"),
        ("Thank you very much", "You are welcome."),
    ],
)
async def test_words_that_stand_in_no_test_find_their_tool_or_are_asked_back(
    ncaa: AgentSpec, said: str, answer: str
) -> None:
    assert answer in called(await ask(ncaa, caller(said)))


@pytest.mark.parametrize("said", ["Did Duke win?", "What is the weather like tomorrow?"])
async def test_an_agent_without_examples_or_tools_says_that_it_only_rehearses(
    tmp_path: Path, said: str
) -> None:
    assert "only rehearsing" in (await ask(trattoria(tmp_path), caller(said), tools=[])).text


async def test_yes_takes_up_what_the_agent_offered(ncaa: AgentSpec) -> None:
    offer = "Shall I look up the women's scores?"
    assert called(await ask(ncaa, caller("Hi there", offer, "Yes, please."))) == WOMEN


async def test_what_an_agent_does_with_the_call_itself_is_no_offer(tmp_path: Path) -> None:
    end, order = tool("hang_up", "End the call."), tool("look_up_order", "Say where an order is.")
    talk = caller("Hello!", "", "Do you sell bicycles?")
    asked = await ask(trattoria(tmp_path), talk, tools=[end, order])
    assert asked.text.endswith("I can help with order. Could you say it in another way?")
    assert "only rehearsing" in (await ask(trattoria(tmp_path), talk, tools=[end])).text


async def test_again_without_anything_said_before_is_asked_back(ncaa: AgentSpec) -> None:
    assert ASKS_BACK in called(await ask(ncaa, caller("Could you say that again?")))


async def test_a_result_is_told_with_the_question_in_mind(ncaa: AgentSpec) -> None:
    games = [{"home": "Houston", "home_score": "82"}, {"home": "Duke", "home_score": "78"}]
    result = {"role": "tool", "tool_call_id": "1", "content": json.dumps({"games": games})}
    assert (await ask(ncaa, [*caller("Did Duke win?"), result])).text == "Duke 78."


async def test_results_of_two_tools_are_both_told(ncaa: AgentSpec) -> None:
    results = [{"role": "tool", "tool_call_id": str(n), "content": f"Result {n}."} for n in (1, 2)]
    assert (await ask(ncaa, [*caller("Everything!"), *results])).text == "Result 1. Result 2."


async def test_an_argument_that_is_missing_is_asked_for_and_filled_by_the_answer(tmp_path: Path) -> None:
    spec, tools = trattoria(tmp_path), [TABLE, HOURS]
    said = ["I want to book a table"]
    first = await ask(spec, caller(*said), tools)
    assert first.text == "Could you tell me how many people are coming?"
    said += [first.text, "Four of us."]
    second = await ask(spec, caller(*said), tools)
    assert second.text == "Could you tell me the arrival time on the 24-hour clock?"
    said += [second.text, "At 7:30 p.m."]
    (call,) = (await ask(spec, caller(*said), tools)).calls
    assert (call.name, call.arguments) == ("book_table", {"guests": 4, "time": "19:30"})


async def test_a_question_that_was_interrupted_can_still_be_answered(tmp_path: Path) -> None:
    messages = caller("I want to book a table at 8 pm", "Could you tell me how", "Four")
    (call,) = (await ask(trattoria(tmp_path), messages, [TABLE, HOURS])).calls
    assert call.arguments == {"guests": 4, "time": "20:00"}


async def test_the_caller_may_change_their_mind_instead_of_answering(tmp_path: Path) -> None:
    question = "Could you tell me how many people are coming?"
    messages = caller("I want to book a table", question, "At what hours are you open?")
    assert called(await ask(trattoria(tmp_path), messages, [TABLE, HOURS])) == "get_opening_hours"


async def test_the_callers_words_win_over_the_arguments_of_a_near_example(tmp_path: Path) -> None:
    turn = {
        "user": "A table for four at 7 pm, please.",
        "llm": {"call": "book_table", "args": {"guests": 4, "time": "19:00", "source": "phone"}},
    }
    spec = trattoria(tmp_path, turn)
    (same,) = (await ask(spec, caller("A table for four at 7 pm, please."), [TABLE, HOURS])).calls
    assert same.arguments == {"guests": 4, "time": "19:00", "source": "phone"}
    (other,) = (await ask(spec, caller("A table for two at 9 pm, please."), [TABLE, HOURS])).calls
    assert other.arguments == {"guests": 2, "time": "21:00", "source": "phone"}


async def test_what_a_near_example_said_is_not_taken_for_what_the_caller_left_out(tmp_path: Path) -> None:
    turn = {
        "user": "A table for four at 7 pm, please.",
        "llm": {"call": "book_table", "args": {"guests": 4, "time": "19:00"}},
    }
    answer = await ask(trattoria(tmp_path, turn), caller("A table at 9 pm, please."), [TABLE, HOURS])
    assert answer.text == "Could you tell me how many people are coming?"


async def test_the_turn_before_decides_between_the_same_words(tmp_path: Path) -> None:
    turns: list[dict[str, Any]] = [
        {"user": "Are you open tonight?", "llm": {"say": "We are. Shall I book?"}},
        {"user": "Maybe later.", "llm": {"say": "Then come at ten."}},
        {"user": "Do you have vegan food?", "llm": {"say": "Plenty. Shall I list it?"}},
        {"user": "Maybe later.", "llm": {"say": "Ask me any time."}},
    ]
    spec = trattoria(tmp_path, *turns)
    after_food = caller("Do you have vegan food?", "Plenty. Shall I list it?", "Maybe later.")
    assert (await ask(spec, after_food, [])).text == "Ask me any time."
    after_hours = caller("Are you open tonight?", "We are. Shall I book?", "Maybe later.")
    assert (await ask(spec, after_hours, [])).text == "Then come at ten."


async def test_examples_of_tools_that_the_agent_lacks_are_passed_over(ncaa: AgentSpec) -> None:
    answer = await ask(ncaa, caller("What are the men's scores?"), tools=[HOURS])
    assert not answer.calls


async def test_each_agent_knows_only_its_own_examples(ncaa: AgentSpec, tmp_path: Path) -> None:
    other = trattoria(tmp_path, {"user": "What is the weather like?", "llm": {"say": "Sunny in Rome."}})
    rehearsal = Rehearsal([ncaa, other])
    question = caller("What is the weather like?")
    assert "Sunny" in (await rehearsal.answer(Conversation(question, [], "trattoria"))).text
    assert "Sunny" not in (await rehearsal.answer(Conversation(question, [], "ncaa"))).text
    assert "Sunny" in (await rehearsal.answer(Conversation(question, []))).text


async def test_a_message_in_parts_is_read(ncaa: AgentSpec) -> None:
    parts = [{"type": "text", "text": "What are the men's"}, {"type": "text", "text": "scores?"}]
    assert called(await ask(ncaa, [{"role": "user", "content": parts}])) == MEN
