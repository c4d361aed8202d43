"""Tools' results as spoken sentences."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentrun.simulate.rehearsal.spoken_results import tell

GAMES = {
    "games": [
        {"home": "Duke", "home_score": "78", "away": "North Carolina", "away_score": "71", "period": "FINAL"},
        {"home": "Gonzaga", "home_score": "64", "away": "Purdue", "away_score": "61", "period": "2ND HALF"},
        {"home": "Houston", "home_score": "82", "away": "Tennessee", "away_score": "69", "period": "FINAL"},
        {"home": "Kansas", "home_score": "", "away": "Florida", "away_score": "", "period": ""},
    ],
    "fetched_at": "2026-03-20T20:00:00+00:00",
}


def test_the_game_that_was_asked_about_is_told_alone() -> None:
    told = tell(json.dumps(GAMES), "Tell me the score for Gonzaga please.")
    assert told == "Gonzaga 64, Purdue 61, 2nd half."


def test_without_a_team_the_first_three_are_told() -> None:
    told = tell(json.dumps(GAMES), "What are the scores?")
    assert told.startswith("Duke 78, North Carolina 71, final. Gonzaga 64")
    assert "Kansas" not in told


def test_fields_that_are_empty_are_left_out() -> None:
    assert tell(json.dumps(GAMES), "Did Kansas win?") == "Kansas, Florida."


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("Booked for 4 at 19:30.", "Booked for 4 at 19:30."),
        ('"Booked."', "Booked."),
        ("", "It is done."),
        ("null", "It is done."),
        ("{}", "It is done."),
        ("[]", "There is nothing to tell at the moment."),
        ('{"games": []}', "There is nothing to tell at the moment."),
        ('["soup", "bread"]', "soup. bread."),
        ("71", "71."),
        ("true", "yes."),
        ('{"status": "shipped"}', "shipped."),
        ('{"open": true, "closing_time": "22:00"}', "Open yes, closing time 22:00."),
        ('{"a": {"b": 1}}', "It is done."),
    ],
)
def test_every_kind_of_result_becomes_words(result: str, told: str) -> None:
    assert tell(result, "anything") == told


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("It is down. Offer to try again later.", "It is down. Would you like me to try again later?"),
        ("We seat at most 12. Offer the private room.", "We seat at most 12. I can offer the private room."),
        ("Say that the scores are not available.", "The scores are not available."),
        (
            "Argument 'guests' is missing. Call again with arguments that fit.",
            "Argument 'guests' is missing.",
        ),
        ("get_scores failed and gave no result.", "get scores failed and gave no result."),
    ],
)
def test_what_a_tool_tells_the_model_to_do_is_done(result: str, told: str) -> None:
    assert tell(result, "anything") == told


@pytest.mark.parametrize("result", ["[" * 15_000, "{broken", "NaN"])
def test_odd_results_do_no_harm(result: str) -> None:
    assert tell(result, "anything")


def test_values_of_every_json_kind_can_stand_in_a_row() -> None:
    row: dict[str, Any] = {"name": "Duke", "won": True, "rank": 2, "coach": None, "more": [1], "at": 1.5}
    assert tell(json.dumps([row]), "") == "Duke, yes, 2, 1.5."
