"""Renders a chart for each set of values, in a process of its own, for Helm brings the runtime of Go.

Reads ``{"chart": folder, "values": [{…}, …]}``, and writes the lint's messages and, for each set, its
manifests as text or what Helm refuses them with.
"""

from __future__ import annotations

import json
import sys

import helm_python


def main() -> None:
    """From standard input to standard output."""
    asked = json.load(sys.stdin)
    report = helm_python.lint(asked["chart"], strict=True, kube_version="v1.30.0")
    with helm_python.Chart.load(asked["chart"]) as chart:
        rendered = [_rendered(chart, values) for values in asked["values"]]
    json.dump({"lint": report, "rendered": rendered}, sys.stdout)


def _rendered(chart: helm_python.Chart, values: dict[str, object]) -> dict[str, object]:
    try:
        return {"manifests": chart.render(values, name="desk", namespace="voice")}
    except helm_python.HelmError as error:
        return {"refused": str(error)}


if __name__ == "__main__":
    main()
