"""How near phrases lie."""

from __future__ import annotations

import pytest

from agentrun.simulate.rehearsal.matching import Index, words

PHRASES = ["What are the men's scores?", "What are the women's scores?", "What time do you close?"]


def test_the_same_words_are_as_near_as_can_be() -> None:
    assert Index(PHRASES).scores(PHRASES[2])[2] == pytest.approx(1.0)


def test_women_are_not_men_although_the_letters_are_within() -> None:
    men, women, _ = Index(PHRASES).scores("the women's scores please")
    assert women > men + 0.2


def test_strange_words_are_near_nothing() -> None:
    assert max(Index(PHRASES).scores("Order a pizza")) < 0.1


def test_a_misheard_word_is_still_near() -> None:
    _, _, close = Index(PHRASES).scores("what time do you closed?")
    assert close > 0.8


def test_a_name_in_mid_sentence_counts_less_than_the_question() -> None:
    index = Index(["Did Duke win?", "Where is Duke playing?"])
    won, playing = index.scores("Did Duke win tonight?")
    assert won > playing


@pytest.mark.parametrize(
    "pair", [("game", "games"), ("win", "winning"), ("story", "stories"), ("won", "win")]
)
def test_forms_of_a_word_have_one_stem(pair: tuple[str, str]) -> None:
    assert words(pair[0]) == words(pair[1])


@pytest.mark.parametrize("text", ["", "?!", "the of and", "東京"])
def test_text_without_words_is_near_nothing(text: str) -> None:
    assert Index(PHRASES).scores(text) == [0.0, 0.0, 0.0]


def test_no_phrases_give_no_scores() -> None:
    assert Index([]).scores("anything") == []
