"""Which transcripts are taken for the caller's words, and by what evidence."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from pipecat.frames.frames import InputAudioRawFrame, TranscriptionFrame

from agentrun.pipeline.turns.noise_transcripts import Evidence, is_note, loudness, probability, reason
from tests import processor_time

PROMPT = "Expect words of college basketball. Names such as Gonzaga, Duke and UConn."
WORDS = (
    "Yes.",
    "No.",
    "42",
    "Duke",
    "Gonzaga and Duke",
    "Basketball.",
    "好的",
    "I see you.",
    "Thank you for the table.",
    "[noise] hello",
)
CAPTIONS = (
    "Thank you for watching!",
    "Please subscribe.",
    "ご視聴ありがとうございました",
    "Untertitel der Amara.org-Community",
    "Merci d'avoir regardé !",
    "Thanks for watching! Thanks for watching!",
)
_LOOP = "the same words again and again, and no time to say them"
STRONG, SHORT = Evidence(seconds=0.9, loudness=-20.0, probability=0.9), Evidence(seconds=0.2)


@pytest.mark.parametrize("text", [".", "...", "", "♪♪", "?!", "[BLANK_AUDIO]", "(music)", "*coughs*",
                                  "<noise>", "♪ la la la ♪", "[Music] (applause)"])  # fmt: skip
def test_notes_and_signs_are_no_words_whatever_the_evidence(text: str) -> None:
    assert reason(text, "", STRONG)
    assert is_note(text)


@pytest.mark.parametrize(
    "text",
    [PROMPT, PROMPT.lower().rstrip("."), f"{PROMPT} {PROMPT}", "Expect words of college basketball",
     "names such as gonzaga, duke, and uconn."],
)  # fmt: skip
def test_an_echo_of_the_prompt_is_no_words(text: str) -> None:
    assert reason(text, PROMPT, STRONG) == "the transcription's own prompt"


@pytest.mark.parametrize(
    ("prompt", "text", "seconds"),
    [
        ("Gonzaga", "Gonzaga.", 1.0),
        ("Gonzaga, Duke, UConn", "Gonzaga, Duke, UConn.", 2.0),
        ("Callers say: I want to order a pizza. I want a table.", "I want a table.", 1.2),
        ("I want to order a pizza.", "I want to order a pizza, please.", 2.0),
    ],
)
def test_what_the_prompt_names_is_the_caller_s_where_they_spoke_long_enough(
    prompt: str, text: str, seconds: float
) -> None:
    assert not reason(text, prompt, Evidence(seconds=seconds, loudness=-20.0))
    assert reason(text, prompt, Evidence(seconds=0.2)), "a cough"
    assert reason(text, prompt, Evidence(seconds=seconds, loudness=-60.0)), "a noise"


@pytest.mark.parametrize("text", ["(5)", "(555) 1234", "[7]", "*12*"])
def test_figures_in_brackets_are_words(text: str) -> None:
    assert not is_note(text)
    assert not reason(text, "", STRONG)


@pytest.mark.parametrize("text", CAPTIONS)
def test_captions_of_films_are_no_words_whatever_the_evidence(text: str) -> None:
    assert reason(text, "", STRONG) == "a caption that transcriptions invent"


@pytest.mark.parametrize("text", ["you", "Thank you.", "Bye.", "Bye bye bye", "Danke."])
@pytest.mark.parametrize("evidence", [SHORT, Evidence(0.9, -60.0), Evidence(0.9, -20.0, 0.2)])
def test_short_stock_phrases_need_speech(text: str, evidence: Evidence) -> None:
    assert reason(text, "", evidence) == "a stock phrase where there was hardly speech"
    assert not reason(text, "", STRONG)
    assert not reason(text, "", Evidence()), "without evidence it is the caller's"


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize("evidence", [SHORT, STRONG])
def test_a_callers_words_are_heard(text: str, evidence: Evidence) -> None:
    assert not reason(text, PROMPT, evidence)


def test_loudness_is_that_of_the_loudest_piece() -> None:
    silence, tone = np.zeros(1600), np.sin(np.arange(1600) * 0.3) * 16384
    frames = [
        InputAudioRawFrame(each.astype("<i2").tobytes(), 16_000, 1) for each in (silence, tone, silence)
    ]
    measured = loudness(iter(frames))
    assert measured is not None
    assert -9.5 < measured < -8.5
    assert loudness(iter(frames[:1])) == pytest.approx(-90.3, abs=0.1)
    constant = InputAudioRawFrame(np.full(1600, 900, "<i2").tobytes(), 16_000, 1)
    assert loudness(iter([constant])) == pytest.approx(-90.3, abs=0.1), "nobody hears it"
    assert loudness(iter(())) is None


def test_probability_is_what_the_service_says() -> None:
    def frame(result: object) -> TranscriptionFrame:
        return TranscriptionFrame("you", "caller", "", result=result)

    unsure = SimpleNamespace(segments=[SimpleNamespace(avg_logprob=-1.6)])
    assert probability(frame(unsure)) == pytest.approx(0.2, abs=0.01)
    tokens = SimpleNamespace(logprobs=[SimpleNamespace(logprob=-0.1), SimpleNamespace(logprob=-0.1)])
    assert probability(frame(tokens)) == pytest.approx(0.905, abs=0.01)
    assert probability(frame(None)) is None


@pytest.mark.parametrize("piece", ["♪", "[", "(", "*", "<a", "[]"])
def test_a_hostile_transcript_is_judged_at_once(piece: str) -> None:
    with processor_time.at_most(5):
        verdict = reason(piece * 20_000 + "x", PROMPT, STRONG)
    notes = {"♪": "a note of the transcription, and no words", "<a": _LOOP}
    assert verdict == notes.get(piece, "")


UNSPACED = ("ハンブルクのグリーンベアで席を予約する", "在汉堡的绿熊餐厅预订座位", "จองโต๊ะที่ร้านกรีนแบร์ในฮัมบูร์ก")


@pytest.mark.parametrize("prompt", [*UNSPACED, "Booking a table at the Green Bear in Hamburg"])
def test_an_echo_is_one_in_every_script(prompt: str) -> None:
    noise = Evidence(seconds=0.5, loudness=-30.0)
    assert reason(prompt, prompt, noise) == "the transcription's own prompt"
    assert reason(f"{prompt} {prompt}", prompt, noise) == "the transcription's own prompt"
    assert reason(f"{prompt}{prompt}" if prompt in UNSPACED else f"{prompt} {prompt}", prompt, STRONG)


@pytest.mark.parametrize(
    "text", ["no " * 60, "I'm sorry. " * 12, "word " * 100_000, "好的" * 40, "we are open " * 20 + "we are"]
)
def test_a_transcription_that_goes_round_in_circles_is_no_words(text: str) -> None:
    with processor_time.at_most(5):
        assert reason(text, "", Evidence(seconds=1.5)) == _LOOP
    assert not reason("No, no, no, no, no, no!", "", Evidence(seconds=1.5))
    assert not reason("no " * 60, "", Evidence(seconds=30.0)), "a child says it"
    assert not reason("no " * 60, "", Evidence()), "nothing is known of the speech"
