"""What is written as if for a stage is not said; words that only look like it are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun.text_normalization import Normalizer, SpeakerLabel
from agentrun.text_normalization.unspoken.stage_directions import without_directions
from tests import processor_time

LEFT_OUT = {
    "*checks the calendar* We have a table at six.": "We have a table at six.",
    "Of course. *sighs deeply* It is full.": "Of course. It is full.",
    "[laughs] Sure.": "Sure.",
    "[Clears throat] Hello.": "Hello.",
    "(pause) Well, yes.": "Well, yes.",
    "Well (laughs softly) yes.": "Well yes.",
    "_smiles_ Hello!": "Hello!",
    "*looks up your order*": "",
    "[short pause]": "",
    'to=functions.get_hours json {"day": "Monday"}': "",
    "assistant commentary to=functions.get_hours code": "",
}
SAID = (
    "Our inspection covers:\n1. **checks the brakes**\n2. **reads the error codes**",
    "_opens the main valve_\n_reads the meter_",
    "Press [pause] on the remote.",
    "[Silence], [Typing] and [Pause] are buttons.",
    "We take the bus (ride).",
    "*Yes*, we are open.",
    "He *checks* the brakes.",
    "She *smiles* a lot.",
    "*Smiles* Dental, good morning!",
    "*laughs* is the word that you wrote.",
    "We take cash (checks accepted).",
    "We repair bikes (checks the brakes too).",
    "We close from 12 to 13 (pause).",
    "Mittags (Pause) ist zu.",
    "[Your name], please.",
    "Our *beat* is good.",
    "We deliver *to* the door.",
)


@pytest.mark.parametrize("written", LEFT_OUT)
def test_what_is_done_beside_the_words_is_left_out(written: str) -> None:
    assert Normalizer("en").spoken(written) == LEFT_OUT[written]


@pytest.mark.parametrize("written", SAID)
def test_nothing_that_a_caller_should_hear_is_lost(written: str) -> None:
    assert without_directions(written) == written


@pytest.mark.parametrize(
    "text", ["*" * 1000, "( " * 500, "*checks the " + "a " * 490, ". " * 500, "\n" * 1000]
)
def test_a_text_of_many_signs_is_read_quickly(text: str) -> None:
    with processor_time.at_most(5):
        without_directions(text)


LABELS = {
    "Assistant: We open at six.": "We open at six.",
    "**Assistant:** *checks the book* We have a table.": "*checks the book* We have a table.",
    "Assistant: Die Praxis öffnet um acht.": "Die Praxis öffnet um acht.",
    "AI assistant: Yes, we do.": "Yes, we do.",
    "AI: Yes. AI: no.": "Yes. AI: no.",
}
NO_LABELS = (
    "Agent: Maria speaking.",
    "Bot: two of them are there.",
    "Asistente: la señora Ruiz está aquí.",
    "Assistant: Maria Lopez, room 5.",
    "Assistant: Dr. Smith",
    "Assistant: 555 0100",
    "Assistant: Maria Anna Sofia Helena Lopez is here.",
    f"Assistant: {'M' * 80} is here.",
    "assistant\n: Yes.",
    "Assistants: two.",
    "A table: yes.",
    "Assistant 7 is there.",
    "Assistant:",
    "AI",
    "",
)


@given(text=st.sampled_from(sorted([*LABELS, *NO_LABELS])), data=st.data())
def test_who_speaks_is_no_part_of_an_answer(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    answer = SpeakerLabel()
    said = LABELS.get(text, text)
    assert "".join([*map(answer.visible, pieces), answer.rest()]) == said
    assert answer.found == (said != text)
