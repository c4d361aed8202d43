"""The findings of a check in machine-readable formats.

``json`` is one object; ``github`` are workflow commands
(https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions); ``sarif`` is SARIF 2.1.0
(https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentrun import __version__, distribution
from agentrun.cli.checking import Findings
from agentrun.errors import Problem

_RULES = {
    "spec": "A mistake in an agent's spec or in its tests.",
    "plugin": "A plugin that can't be used.",
    "setup": "Something that no file says.",
}


def as_json(findings: Findings) -> str:
    """One JSON object with counts and problems."""
    problems = [asdict(problem) for problem in findings.all()]
    counts = {"errors": findings.count("error"), "warnings": findings.count("warning")}
    return json.dumps({"specs": findings.specs, **counts, "problems": problems}, ensure_ascii=False, indent=2)


def as_github(findings: Findings) -> str:
    """A workflow command for each problem: GitHub shows them beside the lines of a pull request."""
    return "\n".join(map(_command, findings.all()))


def as_sarif(findings: Findings) -> str:
    """A log with one run; ``informationUri``, which the schema leaves free, where the package has a home."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()]
    home = distribution.homepage()
    driver: dict[str, Any] = {"name": "agentrun", "version": __version__, "rules": rules}
    driver |= {"informationUri": home} if home else {}
    problems = findings.all()
    unplaced = [_notification(problem) for problem in problems if _rule(problem) == "setup"]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems if _rule(problem) != "setup"],
    }
    if unplaced:
        is_successful = not any(each["level"] == "error" for each in unplaced)
        state = {"executionSuccessful": is_successful, "toolConfigurationNotifications": unplaced}
        run["invocations"] = [state]
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


FORMATS: Mapping[str, Callable[[Findings], str]] = {
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}


def _words(problem: Problem) -> str:
    where = f"{problem.where}: " if problem.where else ""
    hint = f"\nhint: {problem.hint}" if problem.hint else ""
    return f"{where}{problem.message}{hint}"


def _command(problem: Problem) -> str:
    fields = {"file": problem.path, "line": problem.line, "col": problem.column, "title": "agentrun check"}
    if not problem.line:
        del fields["line"], fields["col"]
        if _rule(problem) == "setup":
            del fields["file"]
    properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in fields.items())
    return f"::{problem.severity} {properties}::{_escaped(_words(problem))}"


def _escaped(text: str, more: str = "") -> str:
    """``text`` with the delimiters of workflow commands percent-encoded."""
    return "".join(f"%{ord(letter):02X}" if letter in f"%\r\n{more}" else letter for letter in text)


def _rule(problem: Problem) -> str:
    return "spec" if problem.line else "plugin" if problem.where.startswith("plugin") else "setup"


def _result(problem: Problem) -> dict[str, Any]:
    rule = _rule(problem)
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.path)}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column}
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": problem.severity,
        "message": {"text": _words(problem)},
        "locations": [{"physicalLocation": place}],
    }


def _notification(problem: Problem) -> dict[str, Any]:
    """What no file says: code scanning refuses a result without a place."""
    return {
        "level": problem.severity,
        "message": {"text": _words(problem)},
        "associatedRule": {"id": "setup", "index": list(_RULES).index("setup")},
    }


def _uri(path: str) -> str:
    """The path relative to the current folder if it is below it, as code scanning expects."""
    from urllib.parse import quote

    whole = Path(path).absolute()
    if whole.is_relative_to(Path.cwd()):
        return quote(whole.relative_to(Path.cwd()).as_posix())
    return whole.as_uri()
