"""``panels.ROWS`` as a Grafana dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from agentrun.deploy.compose.panels import ROWS, Panel

SCHEMA = 39
"""Of Grafana 11, which later ones bring up to date when they read it."""
_COLUMNS, _HEIGHT, _STAT_HEIGHT = 24, 8, 4
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard(name: str) -> bytes:
    """The dashboard of the servers that Prometheus knows as the job ``name``, as JSON.

    It can be imported at any Grafana: the data source is a variable.
    """
    document = {
        "uid": f"agentrun-{name}"[:40],
        "title": f"Voice agents: {name}",
        "tags": ["agentrun"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables(name))},
        "panels": list(_panels()),
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _variables(name: str) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    yield {"name": "job", "type": "constant", "query": name, "hide": 2}
    yield {
        "name": "agent",
        "type": "query",
        "label": "Agent",
        "datasource": _SOURCE,
        "query": {"query": "label_values(agentrun_calls_active, agent)", "refId": "agents"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[dict[str, Any]]:
    top = number = 0
    for title, panels in ROWS:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "gridPos": _place(0, top, _COLUMNS, 1),
            "panels": [],
        }
        top += 1
        left = height = 0
        for panel in panels:
            number += 1
            if left + panel.width > _COLUMNS:
                left, top = 0, top + height
            height = _STAT_HEIGHT if panel.stat else _HEIGHT
            yield _panel(panel, number, _place(left, top, panel.width, height))
            left += panel.width
        top += height


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if not panel.stat:
        defaults["custom"] = {"showPoints": "never", "spanNulls": False, "fillOpacity": 10}
    return {
        "id": number,
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel),
        "targets": _targets(panel.queries),
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.stat:
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area", "colorMode": "none"}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}


def _targets(queries: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
        for at, (query, legend) in enumerate(queries)
    ]
