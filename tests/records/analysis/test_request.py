"""What a model is given of a call that is over."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from agentrun.records import CallRecord, Entry
from agentrun.records.analysis import answer, request
from agentrun.records.redaction.redaction import Redaction
from agentrun.spec.models.after_call import AfterCall

WANTED = AfterCall.model_validate(
    {
        "success": "a table was booked",
        "fields": {
            "satisfied": "boolean",
            "reason": {"enum": ["price", "other"], "description": "Why they called."},
            "guests": "integer",
            "dishes": {"type": "array"},
        },
    }
)
GOOD: dict[str, Any] = {
    "summary": "They booked.",
    "success": True,
    "fields": {"satisfied": None, "reason": "price", "guests": 2, "dishes": ["soup"]},
}


def record(*entries: Entry, redact: Redaction | None = None) -> dict[str, Any]:
    made = CallRecord("CA1", "desk", "twilio", "+14155551234", redaction=redact or Redaction())
    made.transcript.extend(entries)
    made.ended_by, made.reason = "caller", "the caller hung up"
    return made.as_json()


def test_the_schema_takes_what_is_asked_and_nothing_else() -> None:
    schema = request.schema(WANTED)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(GOOD, schema)
    for bad in ({**GOOD, "more": 1}, {**GOOD, "fields": {**GOOD["fields"], "reason": "weather"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_every_key_is_required_so_that_providers_can_enforce_it() -> None:
    schema = request.schema(WANTED)
    for node in (schema, schema["properties"]["fields"]):
        assert node["required"] == list(node["properties"])
        assert node["additionalProperties"] is False


def test_the_schema_and_the_reader_agree() -> None:
    assert answer.read(json.dumps(GOOD), WANTED) == GOOD


def test_the_model_is_told_what_each_field_means() -> None:
    told = request.instructions(WANTED)
    assert told.startswith(request.TASK)
    assert "fields.reason: Why they called." in told
    assert "success: true if a table was booked" in told


def test_the_conversation_has_words_tools_and_keys_in_their_order() -> None:
    row = record(
        Entry(0.5, "agent", "Hello."),
        Entry(2.0, "caller", "A table for two."),
        Entry(2.5, "tool", "Booked.", "book_table", {"guests": 2}, "ok", 0.1),
    )
    row["keypad"] = [{"at": 1.0, "keys": "5"}]
    told = request.conversation(row)
    order = [
        "Agent: Hello.",
        "pressed the keys 5",
        "Caller: A table",
        'book_table was called with {"guests": 2}',
    ]
    places = [told.index(part) for part in order]
    assert places == sorted(places)


def test_the_model_is_told_when_the_call_began_to_the_second() -> None:
    row = record(Entry(2.0, "caller", "A table for tonight."))
    row["started"] = "2026-11-29T23:00:00.881555+00:00"
    assert request.conversation(row).startswith("The inbound call began at 2026-11-29 23:00:00 UTC. ")


def test_what_the_record_hides_does_not_reach_the_model() -> None:
    row = record(Entry(1.0, "caller", "My number is +1 415 555 1234."), redact=Redaction(["phone"]))
    assert "415 555" not in request.conversation(row)
    assert "[phone]" in request.conversation(row)


def test_a_long_call_loses_its_middle_and_says_so() -> None:
    row = record(*(Entry(float(n), "caller", f"sentence {n} {'and so on ' * 30}") for n in range(2000)))
    told = request.conversation(row)
    assert len(told) <= request.MOST_CHARACTERS + 100
    assert "sentence 0 " in told
    assert "sentence 1999 " in told
    assert "lines are left out here" in told


def test_one_endless_turn_is_cut() -> None:
    row = record(Entry(1.0, "caller", "la " * 100_000))
    assert len(request.conversation(row)) <= request.MOST_CHARACTERS


@pytest.mark.parametrize(
    ("entries", "has"),
    [
        ([], False),
        ([Entry(0.5, "agent", "Hello?")], False),
        ([Entry(0.5, "caller", "  ")], False),
        ([Entry(0.5, "caller", "Yes.")], True),
    ],
)
def test_a_call_without_a_word_of_the_callers_has_no_words(entries: list[Entry], has: bool) -> None:
    assert request.has_words(record(*entries)) is has
