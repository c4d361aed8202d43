"""Charts say what is there, and nothing where there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agentrun.records.call_figures import Figures
from agentrun.server.dashboard import axes, charts

NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)


def answered(*times: float) -> Figures:
    sums = Figures()
    for ms in times:
        sums.add_call({"ended_by": "caller", "turns": [{"total_ms": ms, "stages": {"llm": ms}}]})
    return sums


def test_a_column_without_calls_is_a_gap_in_bars_and_lines() -> None:
    sums = {0: answered(500.0), 1: answered(700.0), 3: answered(600.0), 5: Figures()}
    chart = charts.latency(charts.columns(sums, "24h", NOW), "24h")
    assert [round(bar.left * 24 / 100) for bar in chart.bars] == [0, 1, 3]
    median = chart.lines[0]
    assert (median.kind, len(median.points), len(median.segments)) == ("p50", 3, 1)
    assert charts.latency(charts.columns({}, "24h", NOW), "24h").lines == []


def test_a_bar_and_its_axis_have_one_scale() -> None:
    steps = charts.columns({2: answered(1000.0, 1000.0)}, "7d", NOW)
    chart = charts.latency(steps, "7d")
    [bar] = chart.bars
    assert bar.parts[0].height == chart.scale.height(1000.0)
    assert bar.words.startswith("2 calls, llm 1000 ms, p50 1000 ms")
    assert charts.calls(steps, "7d").scale.ticks == (0, 1, 2)


def test_ticks_are_round_and_hold_what_is_shown() -> None:
    for most in (0, 0.4, 1, 3, 7, 49, 50, 51, 999, 1833, 600_000):
        scale = axes.scale(most)
        assert scale.top >= most
        assert 2 <= len(scale.ticks) <= 6, most
        whole = axes.scale(most, whole=True).ticks
        assert all(tick == int(tick) for tick in whole)


def test_times_stand_where_their_columns_begin() -> None:
    began = [NOW + timedelta(hours=hour) for hour in range(24)]
    ticks = axes.times(began, 4, "hour")
    assert [(round(tick.left, 1), tick.is_extra) for tick in ticks[:3]] == [
        (0, False),
        (16.7, True),
        (33.3, False),
    ]
    assert ticks[1].time == began[4]
