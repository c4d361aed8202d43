"""Alerts and the dashboard: what Prometheus makes of them, with samples of a server of ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agentrun.deploy.compose import files
from agentrun.deploy.compose.dashboard import dashboard
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, open_desk
from tests.deploy.places import deployment
from tests.ports import free_port

METRICS = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
needs_prometheus = pytest.mark.needs(
    PROMTOOL is not None and PROMETHEUS is not None, "Prometheus: apt-get install prometheus"
)
UP = {'up{job="desk",instance="agentrun-1:7860"}': "1x60"}
FIRES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "NoServer": ({'up{job="desk",instance="agentrun-1:7860"}': "0x60"}, {}),
    "ServerAway": (
        {**UP, 'up{job="desk",instance="agentrun-2:7860"}': "0x60"},
        {"job": "desk", "instance": "agentrun-2:7860"},
    ),
    "CallsFail": (
        {
            'agentrun_calls_total{agent="desk",ended_by="error"}': "0+1x60",
            'agentrun_calls_total{agent="desk",ended_by="caller"}': "0+9x60",
        },
        {"agent": "desk"},
    ),
    "CallsRefused": ({'agentrun_refused_total{agent="desk",reason="full"}': "0+1x60"}, {"agent": "desk"}),
    "NearlyFull": ({'agentrun_calls_active{agent="desk"}': "9x60", "agentrun_calls_capacity": "10x60"}, {}),
    "StreamsRefused": (
        {'agentrun_streams_refused_total{agent="desk",reason="token"}': "0+6x60"},
        {"agent": "desk", "reason": "token"},
    ),
    "SlowAnswers": (
        {
            'agentrun_answer_seconds_bucket{agent="desk",le="3.0"}': "0+5x60",
            'agentrun_answer_seconds_bucket{agent="desk",le="5.0"}': "0+10x60",
            'agentrun_answer_seconds_bucket{agent="desk",le="+Inf"}': "0+10x60",
        },
        {"agent": "desk"},
    ),
    "Errors": (
        {'agentrun_errors_total{agent="desk",kind="rate_limit"}': "0+10x60"},
        {"agent": "desk", "kind": "rate_limit"},
    ),
    "Failovers": (
        {'agentrun_failovers_total{agent="desk",part="llm"}': "0x40 1x5 2x14"},
        {"agent": "desk", "part": "llm"},
    ),
    "ToolsFail": (
        {
            'agentrun_tool_seconds_count{agent="desk",tool="book",status="timeout"}': "0+1x60",
            'agentrun_tool_seconds_count{agent="desk",tool="book",status="ok"}': "0+3x60",
        },
        {"agent": "desk", "tool": "book"},
    ),
    "EventLoopLate": (
        {
            'agentrun_event_loop_lag_seconds_bucket{instance="agentrun-1:7860",le="0.1"}': "0+50x60",
            'agentrun_event_loop_lag_seconds_bucket{instance="agentrun-1:7860",le="0.25"}': "0+60x60",
            'agentrun_event_loop_lag_seconds_bucket{instance="agentrun-1:7860",le="+Inf"}': "0+60x60",
        },
        {"instance": "agentrun-1:7860"},
    ),
    "SharedStateAway": ({"agentrun_shared_state_away": "1x60"}, {}),
    "RecordsRefused": ({'agentrun_records_refused_total{agent="desk"}': "0+1x60"}, {"agent": "desk"}),
    "RecordsWait": ({'agentrun_webhook_waiting{agent="desk"}': "101x60"}, {"agent": "desk"}),
    "RecordsGivenUp": (
        {'agentrun_webhook_tries_total{agent="desk",result="given up"}': "0x50 1x10"},
        {"agent": "desk"},
    ),
}
CALM = {
    **UP,
    'agentrun_calls_total{agent="desk",ended_by="error"}': "0+1x60",
    'agentrun_calls_total{agent="desk",ended_by="caller"}': "0+30x60",
    'agentrun_refused_total{agent="desk",reason="blocked"}': "0+1x60",
    'agentrun_calls_active{agent="desk"}': "7x60",
    "agentrun_calls_capacity": "10x60",
    'agentrun_streams_refused_total{agent="",reason="unknown"}': "0+60x60",
    'agentrun_calls_total{agent="quiet",ended_by="error"}': "0x50 1x10",
    'agentrun_failovers_total{agent="desk",part="tts"}': "0x50 1x10",
    'agentrun_tool_seconds_count{agent="quiet",tool="book",status="failed"}': "0x50 1x10",
    'agentrun_webhook_waiting{agent="desk"}': "99x60",
    'agentrun_webhook_tries_total{agent="desk",result="delivered"}': "0+1x60",
    "agentrun_shared_state_away": "0x60",
    'agentrun_calls_active{job="another",agent="desk"}': "1000x60",
    'agentrun_shared_state_away{job="another"}': "1x60",
    'agentrun_refused_total{job="another",agent="desk",reason="full"}': "0+1x60",
}
"""Errors of strangers, a busy day, and things that happened once."""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The folder for Compose."""
    for name, content in files.files(deployment(tmp_path, public_url="https://voice.example.com")).items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "out"


def promtool(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(PROMTOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


def check_alerts(
    folder: Path, series: dict[str, str], expected: dict[str, dict[str, str]], at: str = "55m"
) -> None:
    """At that time of ``series`` each of ``expected`` fires with its labels, and no other does."""
    rules = yaml.safe_load((folder / "alerts.yml").read_text())["groups"][0]["rules"]
    tests = []
    for rule in rules:
        labels = {**rule["labels"], **expected.get(rule["alert"], {})}
        alert = {"exp_labels": labels, "exp_annotations": {"summary": _filled(rule, labels)}}
        alerts = [alert] if rule["alert"] in expected else []
        tests.append({"eval_time": at, "alertname": rule["alert"], "exp_alerts": alerts})
    # what another job has is not this one's to tell of
    inputs = [
        {"series": f"{name}{{{labels}}}", "values": values}
        for whole, values in series.items()
        for name, labels in [_of_job(whole)]
    ]
    group = {"interval": "1m", "input_series": inputs, "alert_rule_test": tests}
    content = {"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": [group]}
    (folder / "alerts.test.yml").write_text(yaml.safe_dump(content))
    done = promtool("test", "rules", "alerts.test.yml", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def _of_job(series: str) -> tuple[str, str]:
    """The name of a metric, and its labels with the job that has it."""
    name, _, labels = series.rstrip("}").partition("{")
    return name, labels if "job=" in labels else ",".join(filter(None, ('job="desk"', labels)))


def _filled(rule: dict[str, Any], labels: dict[str, str]) -> str:
    summary: str = rule["annotations"]["summary"]
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda label: labels.get(label[1], ""), summary)


@needs_prometheus
@pytest.mark.slow
@pytest.mark.parametrize("name", FIRES)
def test_each_alert_fires_for_what_it_is_about_and_no_other_does(written: Path, name: str) -> None:
    series, labels = FIRES[name]
    check_alerts(written, series if name == "NoServer" else UP | series, {name: labels} | _also(name))


def _also(name: str) -> dict[str, dict[str, str]]:
    """A server that is the only one and away is one that is away, too."""
    return {"ServerAway": {"job": "desk", "instance": "agentrun-1:7860"}} if name == "NoServer" else {}


@needs_prometheus
@pytest.mark.slow
def test_a_busy_day_with_strangers_wakes_nobody(written: Path) -> None:
    check_alerts(written, CALM, {})


@needs_prometheus
@pytest.mark.slow
def test_a_few_calls_of_which_each_fails_are_enough(written: Path) -> None:
    series = {
        **dict.fromkeys(UP, "1x60"),
        'agentrun_calls_total{agent="desk",ended_by="error"}': "0x9 1x14 2x14 3x20",
        'agentrun_calls_total{agent="desk",ended_by="caller"}': "0x60",
    }
    check_alerts(written, series, {"CallsFail": {"agent": "desk"}})


@needs_prometheus
@pytest.mark.slow
def test_a_few_records_of_which_none_arrives_are_enough(written: Path) -> None:
    series = {
        **dict.fromkeys(UP, "1x90"),
        'agentrun_webhook_waiting{agent="desk"}': "0x5 2x84",
        'agentrun_webhook_tries_total{agent="desk",result="delivered"}': "5x90",
    }
    check_alerts(written, series, {"RecordsWait": {"agent": "desk"}}, at="85m")


def test_every_alert_has_its_case(written: Path) -> None:
    rules = yaml.safe_load((written / "alerts.yml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == list(FIRES)


@needs_prometheus
@pytest.mark.slow
def test_prometheus_reads_what_it_is_given(written: Path) -> None:
    configuration = (written / "prometheus.yml").read_text()
    (written / "key").touch()
    (written / "prometheus.yml").write_text(configuration.replace("/run/secrets/agentrun_api_key", "key"))
    done = promtool("check", "config", "prometheus.yml", cwd=written)
    assert done.returncode == 0, done.stdout + done.stderr


def panels(name: str = "desk") -> Iterator[dict[str, Any]]:
    for panel in json.loads(dashboard(name))["panels"]:
        if panel["type"] != "row":
            yield panel


def test_panels_lie_beside_each_other_and_none_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    every = json.loads(dashboard("desk"))["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    for panel in every:
        place = panel["gridPos"]
        fields = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not fields & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= fields


def test_every_metric_is_shown_and_every_metric_that_is_shown_is_there() -> None:
    rows = [row for row in METRICS.read_text().splitlines() if "The former name" not in row]
    known = set(re.findall(r"`(agentrun_\w+)`", "\n".join(rows)))
    shown = set(
        re.findall(r"agentrun_\w+", " ".join(query for panel in panels() for query in queries(panel)))
    )
    assert {re.sub(r"_(bucket|count)$", "", one) for one in shown} == known


def queries(panel: dict[str, Any]) -> list[str]:
    """What Grafana would ask, with every agent and a window of a minute."""
    filled = [one["expr"].replace("$agent", ".*").replace("$job", "desk") for one in panel["targets"]]
    return [one.replace("$__rate_interval", "1m") for one in filled]


@contextlib.asynccontextmanager
async def prometheus(folder: Path, server: str) -> AsyncIterator[httpx.AsyncClient]:
    """A Prometheus with the written configuration, which asks ``server`` each second."""
    port, target = free_port(), httpx.URL(server).netloc.decode()
    path = folder / "prometheus.yml"
    text = path.read_text().replace("scrape_interval: 15s", "scrape_interval: 1s")
    text = text.replace("/run/secrets/agentrun_api_key", "key")
    path.write_text(re.sub(r"targets: .*", f"targets: [{json.dumps(target)}]", text))
    command = [str(PROMETHEUS), "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{port}"]
    command.append(f"--storage.tsdb.path={folder / 'tsdb'}")
    with (folder / "prometheus.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stderr=log, stdout=log)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def ask(client: httpx.AsyncClient, query: str) -> list[Any]:
    answer = (await client.get("/api/v1/query", params={"query": query})).json()
    assert answer["status"] == "success", (query, answer)
    samples: list[Any] = answer["data"]["result"]
    return samples


async def wait_for(client: httpx.AsyncClient, query: str) -> None:
    """Until Prometheus has an answer."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError, ValueError):
            if await ask(client, query):
                return
        await asyncio.sleep(0.2)
    raise AssertionError(f"Prometheus knows nothing of {query}")


@needs_prometheus
@pytest.mark.slow
async def test_the_dashboard_shows_a_call_of_a_server_that_is_asked_with_its_key(written: Path) -> None:
    (written / "key").write_text("the-servers-key\n")
    environ = {"AGENTRUN_API_KEY": "the-servers-key", "TWILIO_AUTH_TOKEN": "the-numbers-token"}
    (written.parent / "desk").mkdir()
    async with (
        open_desk(written.parent / "desk", [HELLO, LOOK_UP, OPEN], environ=environ) as desk,
        prometheus(written, desk.server.url) as client,
    ):
        await wait_for(client, "agentrun_calls_active")
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        await desk.finished(call)
        await wait_for(
            client, "rate(agentrun_answer_seconds_count[1m]) >= 0 and agentrun_answer_seconds_count > 0"
        )
        shown = {panel["title"]: [await ask(client, one) for one in queries(panel)] for panel in panels()}
    assert shown["Servers"][0][0]["value"][1] == "1"
    for title in ("Calls", "Room", "Calls that are up", "Versions", "Wait for an answer", "Parts of it, p95",
                  "Tools, p95", "How long calls last", "Ended in a minute, by whom"):  # fmt: skip
        assert all(shown[title]), title
    assert [one["metric"] for one in shown["Tools, p95"][0]] == [{"tool": "get_hours"}]
