"""``agentrun check --format sarif``: a log of SARIF 2.1.0, by the schema of a package of Microsoft's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, FormatChecker

from agentrun import distribution
from agentrun.cli.checking import Findings
from agentrun.cli.output.check_formats import as_sarif
from agentrun.errors import Problem
from tests.cli.test_check_formats import check
from tests.cli.test_check_formats import folder as folder

PACKAGES = Path(__file__).parents[2] / "node_modules"
SCHEMA = PACKAGES / "@microsoft" / "jest-sarif" / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"
ODD = Problem("ordner/ä b.yaml", 3, 7, "prompts.system", "is missing", "write it", "warning")


@pytest.mark.needs(SCHEMA.exists(), "SARIF's schema is not installed: npm ci")
@pytest.mark.parametrize("home", ["https://voice.example.com/agentrun", None])
def test_every_log_follows_the_schema(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Draft4Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())
    assert list(schema.iter_errors({"version": "2.1.0"})), (
        "the schema finds something where there is something"
    )
    monkeypatch.setattr(distribution, "homepage", lambda: home)
    unplaced = Problem("--set", 0, 0, "y", "unknown")
    for problems in (set(), {ODD}, {ODD, unplaced, Problem("plugins/a.py", 0, 0, "", "can't be imported")}):
        schema.validate(json.loads(as_sarif(Findings(problems=problems))))


def test_sarif_is_a_log_of_version_2_1_0(folder: Path) -> None:
    log = json.loads(check(folder, ".", "--format", "sarif").stdout)
    [run] = log["runs"]
    first = run["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "bad%20one.yaml"
    assert place["region"] == {"startLine": 1, "startColumn": 12}
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "spec"


def test_sarif_has_a_place_for_every_result_and_tells_of_the_rest_beside_them(folder: Path) -> None:
    """Code scanning refuses a whole log for one result that has no place."""
    done = check(folder, "good.yaml", "bad one.yaml", "--format", "sarif", "--set", "nonsense.key=1")
    log = json.loads(done.stdout)
    placed = Findings(
        problems={Problem("a.yaml", 1, 1, "x", "wrong"), Problem("--set", 0, 0, "y", "unknown")}
    )
    [run] = json.loads(as_sarif(placed))["runs"]
    assert [result["message"]["text"] for result in run["results"]] == ["x: wrong"]
    assert all(result["locations"] for result in [*run["results"], *log["runs"][0]["results"]])
    [state] = run["invocations"]
    assert state["executionSuccessful"] is False
    [notification] = state["toolConfigurationNotifications"]
    assert (notification["level"], notification["message"]["text"]) == ("error", "y: unknown")
    assert run["tool"]["driver"]["rules"][notification["associatedRule"]["index"]]["id"] == "setup"


@pytest.mark.parametrize("home", ["https://voice.example.com/agentrun", None])
def test_sarif_names_the_project_s_home_where_the_package_has_one(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distribution, "homepage", lambda: home)
    [run] = json.loads(as_sarif(Findings()))["runs"]
    assert run["tool"]["driver"].get("informationUri") == home
