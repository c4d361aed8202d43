"""A table of sentences as models write them to callers: language, written, spoken."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.text_normalization import Normalizer
from tests import processor_time

ROWS = [
    line.replace("\\n", "\n").split("\t")
    for line in (Path(__file__).parent / "sentences.tsv").read_text().splitlines()
]
PRONOUNCE = {
    "µg": "micrograms",
    "Izmir": "IZ-meer",
    "Nguyen": "win",
    "2.5": "two and a half",
    "IT": "I T",
    "911": "nine one one",
    "Node.js": "node jay ess",
}
PRONOUNCED = {
    "Take 5 μg.": "Take 5 micrograms.",
    "Fly to ızmir, İzmir or IZMIR.": "Fly to IZ-meer, IZ-meer or IZ-meer.",
    "Write to nguyen@example.com or j.nguyen@example.com.": (
        "Write to nguyen at example dot com or j dot nguyen at example dot com."
    ),
    "At https://nguyen.com/x or nguyen.com, Nguyen.": "At nguyen dot com slash x or nguyen.com, win.",
    "$2.5, 12.5 and 2.5": "2 dollars and 50 cents, 12 point 5 and two and a half",
    "It is IT that runs it.": "It is I T that runs it.",
    "Call 911, not 9110.": "Call nine one one, not 9110.",
    "Nguyen.": "win.",
    "Node.js": "node jay ess",
    "1. Nguyen comes. \ue001": "1: win comes.",
}
HOSTILE = [
    *("(", "**", "[a](", "<think", "1-", "$1,", "_a", "♪", "a_b(", "1.", "*1", "#1", "[1]", "1 000 ", "> 1"),
    *("1 + ", "[a]:", "a@", "1:00 ", "\n1. a", "【", "~1", "1/2 ", "0 ", "AB12 1234 ", "\n# a #", "5 - 3 - "),
    *("Mo, ", "Mon, ", "5 ", "\\frac{", "\\(", "$a=", "5 €/", "1'000", "&amp;", "01.23.", "Mo. ", "<p>"),
]


@pytest.mark.parametrize(("language", "written", "spoken"), ROWS)
def test_what_a_model_writes_is_said_without_loss(language: str, written: str, spoken: str) -> None:
    assert Normalizer(language).spoken(written) == spoken


@pytest.mark.parametrize("written", PRONOUNCED)
def test_a_word_with_a_sound_of_its_own_is_met_as_a_word_alone(written: str) -> None:
    assert Normalizer("en", PRONOUNCE).spoken(written) == PRONOUNCED[written]


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_text_costs_more_than_linear_time(language: str) -> None:
    voice = Normalizer(language, PRONOUNCE)
    with processor_time.at_most(30):
        for piece in HOSTILE:
            voice.spoken((piece * 2_000)[:2_000])
