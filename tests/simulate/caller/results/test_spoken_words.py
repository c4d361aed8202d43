from __future__ import annotations

from typing import Any

from agentrun.simulate.caller import Heard, SpokenUtterance
from agentrun.simulate.caller.conversation import CallProgress, Exchange
from agentrun.simulate.caller.results import spoken_words
from agentrun.simulate.caller.script import Utterance
from agentrun.simulate.caller.sound.speech import from_samples
from agentrun.transports.mulaw import Samples
from tests.simulate.caller.agent import tone

SPEECH = from_samples(tone(0.1))


def heard(start: float, end: float, wait: float = 500.0) -> Heard:
    return Heard(tone(0.1), start, end, wait)


def course() -> CallProgress:
    return CallProgress(
        [
            Exchange(heard=heard(0.5, 2.0)),
            Exchange(
                Utterance(SPEECH, wav="a.wav"), SpokenUtterance(3.2, 3.2, 5.0, 5.5), heard(5.6, 8.0, 600.0)
            ),
            Exchange(
                Utterance(SPEECH, text="And hers?"),
                SpokenUtterance(9.5, 9.5, 11.0, 11.2),
                heard(12.0, 14.0, 1000.0),
            ),
        ]
    )


def record(*entries: tuple[float, str, str], **more: Any) -> dict[str, Any]:
    return {"transcript": [{"at": at, "who": who, "text": text, **more} for at, who, text in entries]}


def test_words_of_the_record_stand_beside_the_times_of_the_caller() -> None:
    tool = {"at": 5.4, "who": "tool", "text": "[]", "name": "scores", "arguments": {"n": 1}, "status": "done"}
    found = record((1.9, "agent", "Hello!"), (5.2, "caller", "What are the scores?"))
    found["transcript"] += [tool, {"at": 7.9, "who": "agent", "text": "Duke won."}]
    found["transcript"] += record((11.3, "caller", "And hers?"), (13.9, "agent", "They won too."))[
        "transcript"
    ]
    turns = spoken_words.from_record(course(), found)
    assert [(turn.who, turn.text, turn.first_sound_ms) for turn in turns] == [
        ("agent", "Hello!", None),
        ("caller", "What are the scores?", None),
        ("tool", "[]", None),
        ("agent", "Duke won.", 600.0),
        ("caller", "And hers?", None),
        ("agent", "They won too.", 1000.0),
    ]
    assert turns[1].wav == "a.wav"
    assert turns[4].said == "And hers?"
    assert (turns[2].name, turns[2].arguments, turns[2].status) == ("scores", {"n": 1}, "done")


def test_words_that_the_agent_heard_in_two_parts_stay_with_their_utterance() -> None:
    found = record((1.9, "agent", "Hello!"), (4.0, "caller", "What are"), (5.2, "caller", "the scores?"))
    found["transcript"] += record((7.9, "agent", "Duke won."), (11.3, "caller", "And hers?"))["transcript"]
    turns = spoken_words.from_record(course(), found)
    assert [turn.text for turn in turns[1:4]] == ["What are", "the scores?", "Duke won."]
    assert turns[-1].text == "(2.0 s of speech)"


def test_an_utterance_that_the_agent_missed_is_still_shown() -> None:
    found = record((1.9, "agent", "Hello!"), (11.3, "caller", "And hers?"), (13.0, "agent", "They won."))
    turns = spoken_words.from_record(course(), found)
    assert [(turn.who, turn.text, turn.wav) for turn in turns[1:3]] == [
        ("caller", "", "a.wav"),
        ("agent", "(2.4 s of speech)", ""),
    ]
    assert turns[-1].first_sound_ms == 1000.0


def test_a_filler_and_an_answer_share_one_waiting_time() -> None:
    found = record((5.2, "caller", "Scores?"), (6.0, "agent", "One moment."), (7.9, "agent", "Duke won."))
    turns = [
        turn
        for turn in spoken_words.from_record(course(), found)
        if turn.text in ("One moment.", "Duke won.")
    ]
    assert [turn.first_sound_ms for turn in turns] == [600.0, None]


def test_an_interrupted_answer_is_marked() -> None:
    turns = spoken_words.from_record(course(), record((1.0, "agent", "Hello, I am"), interrupted=True))
    assert turns[0].interrupted


def test_a_record_with_junk_in_it_is_read_as_far_as_it_goes() -> None:
    turns = spoken_words.from_record(
        CallProgress(), {"transcript": ["x", {"who": "tool"}, {"who": "agent", "text": "Hi"}]}
    )
    assert [(turn.who, turn.text) for turn in turns] == [("tool", ""), ("agent", "Hi")]


async def test_without_a_record_the_sound_is_transcribed() -> None:
    async def transcribe(pcm: Samples) -> str:
        return f"{len(pcm)} samples"

    turns = await spoken_words.from_sound(course(), transcribe)
    assert [(turn.who, turn.text) for turn in turns[:3]] == [
        ("agent", "800 samples"),
        ("caller", ""),
        ("agent", "800 samples"),
    ]


async def test_without_a_record_and_without_ears_the_sound_is_measured() -> None:
    turns = await spoken_words.from_sound(course(), None)
    assert turns[0].text == "(1.5 s of speech)"
