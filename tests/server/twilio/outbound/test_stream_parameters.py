"""What Twilio carries to the stream of a call that was placed, and what it would not."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from agentrun.server.twilio import twiml
from agentrun.server.twilio.outbound import stream_parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [("note", "x" * 495), ("n" * 64, "x" * 435), ("_a1", "Zo\u00eb \U0001f600\n<&>"), ("a", "")],
)
def test_what_is_taken_stands_in_the_twiml_as_it_is(name: str, value: str) -> None:
    assert stream_parameters.wrong({name: value}) == ""
    answer = ElementTree.fromstring(twiml.connect("wss://a/x", "token", "", "", {name: value}))
    told = {each.get("name"): each.get("value") for each in answer.iter("Parameter")}
    assert told[name] == value


@pytest.mark.parametrize("mark", ["\0", "\x1b", "\x0b", "\ud800", "\uffff"])
def test_what_xml_can_not_hold_is_refused(mark: str) -> None:
    assert "can't carry" in stream_parameters.wrong({"note": f"a{mark}b"})


@pytest.mark.parametrize("name", sorted(twiml.SERVER_PARAMETERS))
def test_what_would_be_left_out_is_refused(name: str) -> None:
    assert "server's own" in stream_parameters.wrong({name: "mine"})
