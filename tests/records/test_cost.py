"""What a call is estimated to have cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentrun.records import CallRecord
from agentrun.records.cost import estimate, prices

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)


def record_of(usage: dict[str, dict[str, float]], transport: str = "local") -> CallRecord:
    ended = BEGAN + timedelta(seconds=61)
    return CallRecord("1", "desk", transport, started=BEGAN, ended=ended, seconds=61.0, usage=usage)


def test_cached_tokens_and_sound_have_their_own_rates() -> None:
    rates = prices()["tokens"]["openai/gpt-realtime"]
    used = {
        "input_tokens": 1000.0,
        "cached_tokens": 400.0,
        "audio_input_tokens": 700.0,
        "audio_cached_tokens": 300.0,
        "output_tokens": 500.0,
        "audio_output_tokens": 450.0,
    }
    found = estimate(record_of({"llm openai/gpt-realtime": used}))
    words = 200 * rates["input"] + 100 * rates["cached"] + 50 * rates["output"]
    sound = 400 * rates["audio_input"] + 300 * rates["audio_cached"] + 450 * rates["audio_output"]
    assert found["total"] == pytest.approx((words + sound) / 1e6, abs=1e-6)
    assert (found["estimate"], found["currency"], found["unknown"]) == (True, "USD", [])


def test_every_kind_of_service_is_priced_by_its_unit() -> None:
    usage = {
        "stt openai/gpt-4o-transcribe": {"seconds": 30.0},
        "llm openai/gpt-4o-2024-11-20": {"input_tokens": 1e6},
        "tts openai/tts-1": {"characters": 1e6},
    }
    assert list(estimate(record_of(usage))["parts"].values()) == [0.003, 2.5, 15.0]


def test_a_model_without_a_price_is_named_and_not_guessed() -> None:
    usage = {
        "tts elevenlabs/flash": {"characters": 10.0},
        "llm openai/gpt-4o-mini-sized": {"input_tokens": 5.0},
    }
    found = estimate(record_of(usage))
    assert (found["unknown"], found["parts"], found["total"]) == (list(usage), {}, 0.0)


def test_a_telephone_call_costs_its_begun_minutes() -> None:
    found = estimate(record_of({}, "twilio"))
    assert found["parts"] == {"twilio inbound": 2 * prices()["telephone_minute"]["twilio inbound"]}


def test_the_prices_are_dated() -> None:
    assert datetime.fromisoformat(str(prices()["date"])).year >= 2025
