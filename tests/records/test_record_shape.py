"""A record that is whole stays as it is, whatever it is read for."""

from __future__ import annotations

from agentrun.records import CallRecord, record_shape
from tests.records.store.test_foreign_rows import whole


def test_a_record_in_its_shape_is_left_as_it_is() -> None:
    for row in (whole(), CallRecord("CA1", "desk", "twilio").as_json()):
        assert record_shape.whole(row) == row
        assert record_shape.whole({}).keys() == row.keys(), "each part of a record has its shape"


def test_what_a_later_version_has_added_is_kept() -> None:
    entry = {**whole()["transcript"][0], "who": "robot", "mood": ["glad"]}
    row = {**whole(), "later": {"x": None}, "transcript": [entry]}
    assert record_shape.whole(row) == row
