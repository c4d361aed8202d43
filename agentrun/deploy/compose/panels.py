"""The panels of the metrics dashboard: title, PromQL query, and unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MINE = 'agent=~"$agent"'
_WINDOW = "$__rate_interval"


@dataclass(frozen=True)
class Panel:
    """``queries`` are PromQL with what a line of it is called, ``unit`` is one of Grafana's.

    A ``stat`` is one number; the others are lines over time. ``width`` is of 24 columns.
    """

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    width: int = 8
    stat: bool = False
    about: str = ""


def quantile(share: float, metric: str, by: str = "", only: str = _MINE) -> str:
    """The value below which ``share`` of a histogram's samples lie.

    >>> quantile(0.95, "x_seconds", "agent")
    'histogram_quantile(0.95, sum by (le, agent) (rate(x_seconds_bucket{agent=~"$agent"}[$__rate_interval])))'
    """
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{{only}}}[{_WINDOW}])))"


def minutely(metric: str, by: str, only: str = _MINE) -> str:
    """How many of a counter there are in a minute, by a label.

    >>> minutely("agentrun_errors_total", "kind")
    '60 * sum by (kind) (rate(agentrun_errors_total{agent=~"$agent"}[$__rate_interval]))'
    """
    return f"60 * sum by ({by}) (rate({metric}{{{only}}}[{_WINDOW}]))"


ROWS: Sequence[tuple[str, Sequence[Panel]]] = (
    (
        "Now",
        (
            Panel("Calls", ((f"sum(agentrun_calls_active{{{_MINE}}})", "up"),), width=4, stat=True),
            Panel(
                "Room",
                (("sum(agentrun_calls_capacity)", "calls"),),
                width=4,
                stat=True,
                about="Calls that all servers hold at once.",
            ),
            Panel("Servers", (('sum(up{job="$job"})', "up"),), width=4, stat=True),
            Panel(
                "Wait for an answer, p95", ((quantile(0.95, "agentrun_answer_seconds"), "p95"),), "s", 4, True
            ),
            Panel(
                "Refused in an hour",
                ((f"sum(increase(agentrun_refused_total{{{_MINE}}}[1h]))", "calls"),),
                width=4,
                stat=True,
            ),
            Panel(
                "Ended by a fault in an hour",
                ((f'sum(increase(agentrun_calls_total{{{_MINE},ended_by="error"}}[1h]))', "calls"),),
                width=4,
                stat=True,
            ),
        ),
    ),
    (
        "Calls",
        (
            Panel(
                "Calls that are up",
                (
                    (f"sum by (agent) (agentrun_calls_active{{{_MINE}}})", "{{agent}}"),
                    ("sum(agentrun_calls_expected)", "on their way"),
                    ("sum(agentrun_calls_capacity)", "room"),
                ),
            ),
            Panel(
                "Ended in a minute, by whom",
                ((minutely("agentrun_calls_total", "ended_by"), "{{ended_by}}"),),
            ),
            Panel(
                "Not let in, in a minute",
                (
                    (minutely("agentrun_refused_total", "reason"), "{{reason}}"),
                    (minutely("agentrun_streams_refused_total", "reason"), "stream: {{reason}}"),
                    (minutely("agentrun_dispatches_total", "result"), "dispatched: {{result}}"),
                ),
            ),
            Panel(
                "How long calls last",
                (
                    (quantile(0.5, "agentrun_call_seconds"), "p50"),
                    (quantile(0.95, "agentrun_call_seconds"), "p95"),
                ),
                "s",
            ),
            Panel(
                "Calls by server",
                ((f"sum by (instance) (agentrun_calls_active{{{_MINE}}})", "{{instance}}"),),
            ),
            Panel(
                "Versions",
                (("sum by (version) (agentrun_info)", "{{version}}"),),
                about="Two while servers are exchanged.",
            ),
        ),
    ),
    (
        "Conversation",
        (
            Panel(
                "Wait for an answer",
                (
                    (quantile(0.5, "agentrun_answer_seconds", "agent"), "{{agent}} p50"),
                    (quantile(0.95, "agentrun_answer_seconds", "agent"), "{{agent}} p95"),
                ),
                "s",
                about="From the caller's last word to the first sound of the answer.",
            ),
            Panel(
                "Parts of it, p95", ((quantile(0.95, "agentrun_stage_seconds", "stage"), "{{stage}}"),), "s"
            ),
            Panel("Tools, p95", ((quantile(0.95, "agentrun_tool_seconds", "tool"), "{{tool}}"),), "s"),
            Panel(
                "Tools that failed, in a minute",
                (
                    (
                        minutely("agentrun_tool_seconds_count", "tool, status", _MINE + ',status!="ok"'),
                        "{{tool}}: {{status}}",
                    ),
                ),
            ),
            Panel(
                "Answers that callers cut, in a minute",
                ((minutely("agentrun_interruptions_total", "agent"), "{{agent}}"),),
            ),
            Panel(
                "Errors of providers, in a minute",
                (
                    (minutely("agentrun_errors_total", "kind"), "{{kind}}"),
                    (minutely("agentrun_failovers_total", "part"), "failover: {{part}}"),
                ),
            ),
        ),
    ),
    (
        "Servers",
        (
            Panel(
                "How late the event loop is, p99",
                (
                    (
                        quantile(0.99, "agentrun_event_loop_lag_seconds", "instance", only=""),
                        "{{instance}}",
                    ),
                ),
                "s",
                about="Sound stutters above 0.1 s.",
            ),
            Panel(
                "Records on their way to webhooks",
                (
                    (f"max by (agent) (agentrun_webhook_waiting{{{_MINE}}})", "waiting: {{agent}}"),
                    (minutely("agentrun_webhook_tries_total", "result"), "in a minute: {{result}}"),
                ),
            ),
            Panel(
                "What the store did not take",
                (
                    (
                        f"sum by (agent) (increase(agentrun_records_refused_total{{{_MINE}}}[1h]))",
                        "records: {{agent}}",
                    ),
                    (
                        "sum by (about) (increase(agentrun_decided_alone_total[1h]))",
                        "decided alone: {{about}}",
                    ),
                    ("max(agentrun_shared_state_away)", "shared state away"),
                ),
            ),
        ),
    ),
)
"""From top to bottom."""
