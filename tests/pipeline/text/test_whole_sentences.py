"""A text gives the same sentences however it comes in pieces, and none of its words is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from agentrun.pipeline.text.speech_text import SpeechText
from agentrun.pipeline.text.whole_sentences import LONGEST, WholeSentences
from agentrun.text_normalization import HiddenText, Normalizer

ROWS = [
    line.replace("\\n", "\n").split("\t")
    for line in (Path(__file__).parents[2] / "text_normalization" / "sentences.tsv").read_text().splitlines()
]
ANSWERS = [" ".join(row[1] for row in ROWS[start : start + 12]) for start in range(0, len(ROWS), 36)]


async def spoken(pieces: list[str], language: str) -> list[str]:
    """What a voice is given of an answer that comes in ``pieces``."""
    text, hidden = SpeechText(Normalizer(language)), HiddenText()
    splitter = WholeSentences(SimpleTextAggregator(), text)
    sentences = []
    for piece in [*map(hidden.visible, pieces), hidden.rest()]:
        sentences += [one.text async for one in splitter.aggregate(piece)]
    if rest := await splitter.flush():
        sentences.append(rest.text)
    return [await text.transform(one, "sentence") for one in sentences]


@pytest.mark.parametrize("answer", ANSWERS)
@settings(max_examples=5)
@given(data=st.data())
def test_it_does_not_matter_how_an_answer_is_cut_into_tokens(answer: str, data: st.DataObject) -> None:
    language = data.draw(st.sampled_from(["en", "de", "ja"]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(answer)), max_size=60)))
    pieces = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert asyncio.run(spoken(pieces, language)) == asyncio.run(spoken([answer], language))


@pytest.mark.parametrize(
    ("language", "answer", "sentences"),
    [
        ("en", "12.", ["12."]),
        ("en", "Twelve? 12. Thirteen? 13.", ["Twelve?", "12: Thirteen?", "13."]),
        ("en", "1. Come in.\n2. Sit.", ["1: Come in.", "2: Sit."]),
        ("en", "4. 5. 6. 7", ["4. 5.", "6. 7"]),
        (
            "de",
            "Am 1. Mai. Im 3. Stock. Es sind 12. Gut.",
            ["Am 1. Mai.", "Im 3. Stock.", "Es sind 12.", "Gut."],
        ),
        ("de", "Vom 1. bis 3. Mai.", ["Vom 1. bis 3. Mai."]),
        ("de-AT", "Es ist der 1.", ["Es ist der 1."]),
    ],
)
def test_a_number_stays_with_what_it_counts(language: str, answer: str, sentences: list[str]) -> None:
    assert asyncio.run(spoken([answer], language)) == sentences


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_a_wide_point_between_figures_ends_no_sentence(cut: int) -> None:
    answer = "円周率は３．１４です。価格は１，２５０．５円です！終わり．次は？"
    pieces = [answer[start : start + cut] for start in range(0, len(answer), cut)]
    sentences = ["円周率は3.14です。", "価格は1,250.5円です！", "終わり．", "次は？"]
    assert asyncio.run(spoken(pieces, "ja")) == sentences


def test_what_is_held_is_dropped_by_an_interruption_alone() -> None:
    async def play() -> tuple[str, object, str]:
        splitter = WholeSentences(SimpleTextAggregator(), SpeechText(Normalizer("en")))
        assert [one async for one in splitter.aggregate("12. Go")] == []
        whole = splitter.text.text
        await splitter.handle_interruption()
        rest = await splitter.flush()
        raw = WholeSentences(SimpleTextAggregator(), SpeechText(None))
        sentences = [one.text async for one in raw.aggregate("12. Go")]
        return whole, rest, sentences[0]

    assert asyncio.run(play()) == ("12. Go", None, "12.")


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (" ".join(["word"] * 1_500), "d"),
        (", ".join(["word"] * 1_500), "d"),
        ("word" * 1_500, "d"),
        ("営業時間は六時から十一時までです、" * 300, "す"),
        (" ".join(["word"] * 1_500) + ". And that is all.", "d"),
        (". ".join(" ".join(["word"] * 150) for _ in range(9)), "d"),
    ],
    ids=["words", "clauses", "one word", "japanese", "a sentence at last", "long sentences"],
)
@pytest.mark.parametrize("size", [1, 5, 7, 750, 751, 10_000])
def test_a_sentence_that_goes_on_and_on_is_split(answer: str, ends: str, size: int) -> None:
    pieces = [answer[place : place + size] for place in range(0, len(answer), size)]
    sentences = asyncio.run(spoken(pieces, "en"))
    assert all(len(one) <= LONGEST for one in sentences)
    if " " in answer:
        assert " ".join(sentences).replace(",", "").split() == answer.replace(",", "").split()
    else:
        assert "".join(filter(str.isalnum, "".join(sentences))) == "".join(filter(str.isalnum, answer))
    assert all(one.rstrip(".,、").endswith(ends) for one in sentences[:-2])
    assert len(sentences) < len(answer) / LONGEST * 2.2 + 2
