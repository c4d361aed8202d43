"""What a spec has redacted stands in no record, however it is written or spoken."""

from __future__ import annotations

import json
import re
import time
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun.records import CallRecord, Entry, Failover
from agentrun.records.redaction.redaction import Kind, Redaction
from agentrun.records.storable import MOST_CHARACTERS

EVERYTHING: tuple[Kind, ...] = ("phone", "email", "card")
ALL = Redaction(EVERYTHING)
SPOKEN = dict(enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]))
digits = st.text("0123456789", min_size=10, max_size=15)
words = st.text("abcdefghijklmnopqrstuvwxyz ,.!?'\n", max_size=30)


def luhn(number: str) -> str:
    """``number`` with its check digit, by the book: double every second one from the right."""
    total = 0
    for place, digit in enumerate(reversed(number + "0")):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return number + str(-total % 10)


def western(text: str) -> str:
    return "".join(filter(str.isdigit, text))


@given(words, digits, st.sampled_from(["", " ", "-", ".", " - ", ", ", "\u00a0", "–"]), words)
def test_a_telephone_number_in_any_groups_is_hidden(before: str, number: str, sep: str, after: str) -> None:
    groups = sep.join([number[:3], number[3:6], number[6:]])
    hidden = Redaction(["phone"]).line(f"{before} +{groups} {after}")
    assert western(hidden) == ""
    assert "[phone]" in hidden


@given(words, digits, st.sampled_from([" ", ", ", "-", " ... ", " dash ", " and "]), st.booleans())
def test_a_number_that_is_spoken_is_hidden(before: str, number: str, sep: str, mixed: bool) -> None:
    said = [d if mixed and place % 2 else SPOKEN[int(d)] for place, d in enumerate(number)]
    hidden = Redaction(["phone"]).line(f"{before}: {sep.join(said)}")
    assert hidden == f"{before}: [phone]"


@given(st.text("0123456789", min_size=14, max_size=14), st.sampled_from(["", " ", "-", "."]), words)
def test_a_card_is_hidden_and_a_number_that_is_none_is_not(number: str, sep: str, after: str) -> None:
    card = luhn("4" + number)
    other = card[:-1] + str((int(card[-1]) + 5) % 10)
    cards = Redaction(["card"])
    for found, shown in ((card, False), (other, True)):
        grouped = sep.join(re.findall(".{1,4}", found))
        hidden = cards.line(f"My card is {grouped}: {after}")
        assert (western(hidden) == western(grouped)) is shown, hidden


def test_a_spoken_card_is_hidden() -> None:
    said = "four one one one, one one one one, one one one one, one one one one"
    assert Redaction(["card"]).line(f"It is {said}. Thanks.") == "It is [card]. Thanks."


@given(words, st.from_regex(r"[a-z0-9_.+%-]{4,20}@[a-z0-9]{1,9}(\.[a-z]{2,4}){1,2}", fullmatch=True), words)
def test_an_address_is_hidden(before: str, email: str, after: str) -> None:
    local = email.rpartition("@")[0]
    hidden = Redaction(["email"]).line(f"{before} {email} {after}")
    assert "[email]" in hidden
    assert f"{local}@" not in hidden


@pytest.mark.parametrize(
    "said",
    [
        "ada at example dot com",
        "Ada dot King at mail dot example dot co dot uk",
        "a, d, a at example.com",
        "ada underscore king at gmail dot com",
        "ada@example dot com",
        "ada.king at gmail.com",
    ],
)
def test_a_spoken_address_is_hidden(said: str) -> None:
    assert ALL.line(f"Write: {said}, please") == "Write: [email], please"


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-23T20:14:02.123 it was 11/23/2026, or 23.11.2026.",
        "It costs $1,234,567.00, or 12.50, 13.50 and 14.",
        "Duke 78, North Carolina 71, final; Gonzaga 64, Purdue 61.",
        "Table 12 for 4 at 19:30, order 123456.",
        "call CA0123456789abcdef0123456789abcdef, 123e4567-e89b-12d3-a456-426614174000",
        "one thousand two hundred people at noon; call 911",
        "We meet at the corner. Look at him.",
        "My basic questions",
    ],
)
def test_what_is_no_number_of_a_person_stays(text: str) -> None:
    assert ALL.line(text) == text


def test_numbers_of_other_scripts_and_languages_are_hidden() -> None:
    for said in (
        "４１５ ５５５ １２３４",
        "vier eins fünf fünf zwo drei vier",
        "seis uno cinco cinco dos tres",
    ):
        assert "[phone]" in ALL.line(f"{said} nueve 9")


@given(st.lists(words, max_size=4), digits)
def test_nothing_changes_where_nothing_is_to_be_hidden(said: list[str], number: str) -> None:
    texts = [*said, number]
    assert Redaction().texts(texts) == texts


@given(st.text(max_size=80))
def test_what_is_hidden_once_stays_as_it_is(text: str) -> None:
    assert ALL.line(ALL.line(text)) == ALL.line(text)


@given(digits, st.integers(1, 9))
def test_a_number_in_several_turns_is_hidden_in_each(number: str, cut: int) -> None:
    record = CallRecord("CA1", "desk", "twilio", redaction=Redaction(["phone"]))
    record.transcript = [
        Entry(0.0, "caller", f"It is {number[:cut]}"),
        Entry(1.0, "agent", "Go on."),
        Entry(2.0, "caller", f"{number[cut:]}.\nThat is all."),
    ]
    said = [entry["text"] for entry in record.as_json()["transcript"]]
    assert said == ["It is [phone]", "Go on.", "[phone].\nThat is all."]


@pytest.mark.parametrize(("between", "hidden"), [(0, True), (1, True), (2, True), (3, False)])
def test_a_number_is_followed_over_two_turns_between_its_parts(between: int, hidden: bool) -> None:
    said = ["It is 415 555", *["Sure."] * between, "and 1234"]
    shown = Redaction(["phone"]).texts(said)
    assert ("[phone]" in shown[0], "[phone]" in shown[-1]) == (hidden, hidden)


def test_a_record_hides_it_everywhere_and_the_agent_keeps_the_truth() -> None:
    record = CallRecord("CA14155551234", "desk", "twilio", "+14155551234", "+442071838750")
    record.redaction = ALL
    email, card, phone = "ada@example.com", "4111 1111 1111 1111", "+1 415 555 1234"
    record.reason = f"transferred to {phone}"
    record.errors = [f"unknown: {email}"]
    record.failovers = [Failover(1.0, "llm", "b", "a", f"bad {card}")]
    arguments = {
        "to": phone,
        "n": 4155551234,
        "deep": [{email: card}],
        "guests": 2,
        "price": 12.5,
        "yes": True,
    }
    record.transcript = [
        Entry(0.0, "caller", f"{phone}, {email}"),
        Entry(0.0, "tool", json.dumps(arguments), "book", arguments, "ok"),
    ]
    data = record.as_json()
    assert (data["from_number"], data["to_number"], data["id"]) == ("•••34", "•••50", "CA14155551234")
    assert data["transcript"][1]["arguments"] == {
        "to": "[phone]",
        "n": "[phone]",
        "deep": [{"[email]": "[card]"}],
        "guests": 2,
        "price": 12.5,
        "yes": True,
    }
    written = json.dumps({**data, "id": ""})
    for secret in ("4155551234", "555 1234", "4111", "example.com", "+1"):
        assert secret not in written
    assert record.from_number == "+14155551234"
    assert record.transcript[1].arguments["to"] == phone


@pytest.mark.parametrize(
    ("number", "shown"),
    [(None, None), ("anonymous", "anonymous"), ("sip:ada@example.com", "•••"), ("911", "•••")],
)
def test_what_is_no_number_is_hidden_or_says_nothing(number: str | None, shown: str | None) -> None:
    assert ALL.number(number) == shown
    assert Redaction().number(number) == number


def test_secrets_are_hidden_always_and_the_longest_first() -> None:
    redaction = Redaction(secrets=["hunter2", "hunter2-and-more"])
    assert redaction.line("hunter2-and-more, hunter2") == "[secret], [secret]"
    assert redaction.line("Authorization: Bearer abc123def456") == "Authorization: Bearer [secret]"
    assert redaction.line("sk-proj-abcdefghijklmnopqrstuv") == "[secret]"


@pytest.mark.parametrize(
    "piece", ["a-", "a.", "1", "1 ", "a ", "ab at ", "a@", "double ", "0a", "1,", "eyJa.", "a' ", "a.b at "]
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    ALL.line(piece * (MOST_CHARACTERS // len(piece)))
    assert time.process_time() - began < 3


def test_what_was_said_is_remembered_no_longer_than_the_record_of_its_call() -> None:
    agents = Redaction(["phone"], ["hunter2!"])
    record = CallRecord("1", "desk", "local", redaction=agents.for_call())
    for number in range(40):
        record.transcript.append(Entry(float(number), "caller", f"I said {number}: 415 555 1234"))
        assert record.as_json()["transcript"][-1]["text"] == f"I said {number}: [phone]"
    caches: Any = record.redaction
    assert caches._numbers.cache_info().currsize <= 4, "earlier states of the conversation are remembered"
    assert caches._words.cache_info().misses == 40, "a turn was looked at at each write"
    gone = weakref.ref(record.redaction)
    del record, caches
    assert gone() is None
