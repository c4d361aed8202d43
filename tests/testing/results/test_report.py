"""JUnit's XML tells what a test expected in vain from what could not be run, and where each stands."""

from __future__ import annotations

from xml.etree import ElementTree

from agentrun.records import Entry
from agentrun.testing.results.outcome import Failure, Outcome
from agentrun.testing.results.report import failure_text, junit

MISSED = Failure(1, 1, "response", "there was none", "timeout")


def test_errors_are_counted_apart_from_failures_with_their_file_and_line() -> None:
    outcomes = [
        Outcome("agents/a.yaml", "good", "passed", 0.1, "agents/a.tests.yaml:2"),
        Outcome("agents/a.yaml", "missed", "failed", 0.2, "agents/a.tests.yaml:9", failures=(MISSED,)),
        Outcome("agents/a.yaml", "broken", "failed", 0.3, "C:/agents/a.yaml:14", reason="no model answered"),
        Outcome("agents/a.yaml", "judged", "skipped", 0.0, reason="needs a judge"),
    ]
    [suite] = ElementTree.fromstring(junit(outcomes))
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert [(case.get("file"), case.get("line")) for case in suite] == [
        ("agents/a.tests.yaml", "2"),
        ("agents/a.tests.yaml", "9"),
        ("C:/agents/a.yaml", "14"),
        (None, None),
    ]
    assert [[inside.tag for inside in case] for case in suite] == [[], ["failure"], ["error"], ["skipped"]]
    assert suite[2][0].get("message") == "no model answered"


def test_what_xml_has_no_place_for_is_left_out() -> None:
    odd = "a\x00\x1b\ud83d\ufffe\uffff b \U0001f600"
    outcome = Outcome("a.yaml", odd, "failed", 0.1, f"{odd}.yaml:2", reason=odd)
    written = junit([outcome, Outcome("a.yaml", odd, "skipped", 0.0, reason=odd)])
    [suite] = ElementTree.fromstring(written.encode("utf-8"))
    assert suite[0].get("name") == suite[1][0].get("message") == "a b \U0001f600"


def test_a_tool_that_failed_is_told_with_the_command_that_says_why() -> None:
    said = (
        Entry(0.1, "tool", "refused", "find", {}, "refused"),
        Entry(0.2, "tool", "book failed and gave no result.", "book", {"name": "Ann's"}, "failed"),
    )
    text = failure_text(
        Outcome("agents/a.yaml", "missed", "failed", 0.2, failures=(MISSED,), conversation=said)
    )
    command = """agentrun tools call agents/a.yaml book '{"name": "Ann'"'"'s"}'"""
    assert [line for line in text.splitlines() if "to see why" in line] == [
        f"  to see why book failed: {command}"
    ]
