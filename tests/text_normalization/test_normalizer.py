"""What is written for the eye, as it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun.text_normalization import Normalizer
from tests import processor_time

ENGLISH = {
    # Markdown and pictures
    "**Sure!** Here it is: *yes*, `call`, __now__, ~~old~~ new.": "Sure! Here it is: yes, call, now, new.",
    "See [our page](https://www.rosa.example/menu?x=1).": "See our page.",
    "Hours:\n- Monday: 9-17\n- Tuesday: *closed*\n\n# Note\nCall us.": (
        "Hours: Monday: 9 to 17. Tuesday: closed. Note. Call us."
    ),
    "| Size | Price |\n|---|---|\n| small | 8 |": "Size, Price. small, 8",
    "1. Open the door. 2. Go in.": "1: Open the door. 2: Go in.",
    "Great choice! 😊👍": "Great choice!",
    "Fine :) see you ;-) ✅": "Fine see you",
    "my_file_name stays": "my_file_name stays",
    "Press * then #.": "Press star then pound.",
    # nothing to say
    "👍": "",
    "...": "",
    "***": "",
    "```python\nprint(1)\n```": "",
    # thinking and tools
    "<think>Hm.</think>We have a table.": "We have a table.",
    '<function=order>{"number": 7}</function>': "",
    '{"name": "order", "arguments": {"a": {"b": "}"}}} Sure.': "Sure.",
    "order_status(number=7)": "",
    'saveAnswer({"name": "Ada"}) getWeather() Thank you.': "Thank you.",
    "Your iPhone(s) and eBay(.com) are fine.": "Your iPhone(s) and eBay(.com) are fine.",
    "┌─┐ │ box │ └─┘\n──────\nDone ▓▓▒░ 50%.": "box. Done 50 percent.",
    "Say <b>hello</b> <3 to us, 2 < 3.": "Say hello less than 3 to us, 2 less than 3.",
    # numbers
    "Pi is 3.14, and 1,250.75 is more; 20% and 0.5%.": (
        "Pi is 3 point 1 4, and 1,250 point 7 5 is more; 20 percent and 0 point 5 percent."
    ),
    "It is -5 degrees, 3x4, 2 + 2 = 4.": "It is minus 5 degrees, 3 times 4, 2 plus 2 equals 4.",
    "½ cup, 1 ½ cups, 3/4 full": "one half cup, 1 and one half cups, three quarters full",
    "5 km at 60 mph, 1 lb, 20°C": "5 kilometers at 60 miles an hour, 1 pound, 20 degrees Celsius",
    "In 2026 the 3rd of 1,234 came to room 101.": "In 2026 the 3rd of 1,234 came to room 101.",
    # money
    "$5, $12.50, £3.05, €20, 20 €, $0.99, $1": (
        "5 dollars, 12 dollars and 50 cents, 3 pounds and 5 pence, 20 euros, 20 euros, 99 cents, 1 dollar"
    ),
    "$5 million and $1.5k": "5 million dollars and 1 point 5 thousand dollars",
    # dates and times
    "On 2026-05-10, 05/10/2026 or 25/12/2026.": "On May 10, 2026, May 10, 2026 or December 25, 2026.",
    "At 3:15 p.m., 9:05, 12:00 or 9am-5pm.": "At 3 15 p.m., 9 oh 5, 12 o'clock or 9 a.m. to 5 p.m.",
    # telephone numbers and codes
    "Call +1 (415) 555-0123 or 415-555-0123.": (
        "Call plus 1, 4 1 5, 5 5 5, 0 1 2 3 or 4 1 5, 5 5 5, 0 1 2 3."
    ),
    "Order #1234567, code 007, SSN 123-45-6789": (
        "Order number 1 2 3, 4 5 6 7, code 0 0 7, SSN 1 2 3, 4 5, 6 7 8 9"
    ),
    # addresses
    "Write to ada.l@example.com or see https://example.com/a_b?c=d&e=f.": (
        "Write to ada dot l at example dot com or see example dot com slash a underscore b."
    ),
    "12 Main St., Apt. 4B, Springfield, IL 62704": (
        "12 Main Street, Apartment 4B, Springfield, Illinois, 6 2 7 0 4"
    ),
    # abbreviations
    "Dr. Smith vs. Mr. Jones, e.g. in the U.S. office, etc.": (
        "Doctor Smith versus Mister Jones, for example, in the U S office, and so on."
    ),
    "He lives on Elm St.": "He lives on Elm Street.",
    "AT&T at 5 St. James St. Apt 3, Austin, TX": (
        "AT and T at 5 Saint James Street Apartment 3, Austin, Texas"
    ),
}
OTHERS = [
    ("de", "Das kostet 12,50 €, z. B. am 10.5.2026 um 15:30 Uhr.",
     "Das kostet 12 Euro und 50 Cent, zum Beispiel am 10. Mai 2026 um 15 Uhr 30."),
    ("de", "Von 9:00-17:00 Uhr, Hauptstr. 5, ca. 3,5 km, 1.250 Stück.",
     "Von 9 Uhr bis 17 Uhr, Hauptstraße 5, circa 3 Komma 5 Kilometer, 1.250 Stück."),
    ("fr", "Rendez-vous à 14h30 pour 12,50 €, le 10/05/2026.",
     "Rendez-vous à 14 heures 30 pour 12 euros et 50 centimes, le 10 mai 2026."),
    ("es", "Son 12,50 € para el Sr. López el 10/05/2026.",
     "Son 12 euros y 50 céntimos para el señor López el 10 de mayo de 2026."),
    ("it", "Sono 12,50 € per il sig. Rossi, il 10/05/2026.",
     "Sono 12 euro e 50 centesimi per il signor Rossi, il 10 maggio 2026."),
    ("nl", "Dat is 12,50 € op 10-05-2026.", "Dat is 12 euro en 50 cent op 10 mei 2026."),
    ("pt", "São 12,50 € em 10/05/2026.", "São 12 euros e 50 cêntimos em 10 de maio de 2026."),
    ("en-GB", "On 05/10/2026.", "On October 5, 2026."),
    ("ja", "**3.5**は😊です。", "3.5は です。"),
]  # fmt: skip


@pytest.mark.parametrize("written", ENGLISH)
def test_english_is_said_as_people_say_it(written: str) -> None:
    assert Normalizer("en").spoken(written) == ENGLISH[written]


@pytest.mark.parametrize(("language", "written", "spoken"), OTHERS)
def test_other_languages_are_said_in_their_own_words(language: str, written: str, spoken: str) -> None:
    assert Normalizer(language).spoken(written) == spoken


def test_a_sentence_tells_its_own_language() -> None:
    voice = Normalizer("en")
    assert voice.spoken("Der Preis ist 3,5 Euro für Sie.") == "Der Preis ist 3 Komma 5 Euro für Sie."
    assert voice.spoken("The price is 3.5 for you.") == "The price is 3 point 5 for you."


def test_names_are_pronounced_as_the_spec_says_and_are_not_changed_otherwise() -> None:
    voice = Normalizer("en", {"Siobhan": "shi-VAWN", "AT&T": "A T and T", "C++": "see plus plus"})
    assert voice.spoken("**siobhan**, AT&T and C++, Siobhana.") == (
        "shi-VAWN, A T and T and see plus plus, Siobhana."
    )


@given(st.text(max_size=300))
def test_any_text_is_taken_and_none_comes_out_marked_up(text: str) -> None:
    spoken = Normalizer("en").spoken(text)
    assert not set(spoken) & set("*#`|<>")
    assert spoken == spoken.strip()


@pytest.mark.parametrize("piece", ["(", "**", "[a](", "<think", "1-", "$1,", "_a", "♪", "a_b("])
def test_a_long_hostile_text_is_bounded(piece: str) -> None:
    with processor_time.at_most(5):
        spoken = Normalizer("en").spoken((piece * 4_000)[:4_000])
    assert len(spoken) < 4 * 4_000
