"""Fails when a private name of Pipecat that agentrun relies on has moved."""

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import httpx
import numpy as np
import pytest
from openai import AsyncOpenAI
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.evals.script_driver import EvalScriptDriver
from pipecat.evals.script_session import EvalScriptSession
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.stt import OpenAIRealtimeSTTService, OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.utils.text.base_text_aggregator import BaseTextAggregator
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator
from pipecat.workers.runner import WorkerRunner

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.audio.resampling import PromptResampler
from tests.calls.quick import QuickTransport


def test_pipecat_is_the_version_that_the_private_names_were_read_from() -> None:
    assert version("pipecat-ai") == "1.14.0"


def test_shared_silero_sets_every_attribute_that_a_private_one_has() -> None:
    shared, own = pipecat_private.SharedSilero(VADParams()), SileroVADAnalyzer(params=VADParams())
    assert set(vars(shared)) - {"_pauses", "_noise", "_sure", "_behind"} == set(vars(own))


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_shared_silero_hears_what_a_private_one_hears(rate: int) -> None:
    shared: Any = pipecat_private.SharedSilero(VADParams())
    own: Any = SileroVADAnalyzer(params=VADParams())
    size = rate * 32 // 1000
    random = np.random.default_rng(7)
    noise = (random.normal(0, 4000, size * 90) * random.random(90).repeat(size)).astype(np.int16)
    for analyzer in (shared, own):
        analyzer.set_sample_rate(rate)
    heard = []
    for start in range(0, len(noise), size):
        window = noise[start : start + size].tobytes()
        heard.append((shared._judged(window), float(own.voice_confidence(window)[0])))
        assert shared._windows_since_reset == own._windows_since_reset
    assert [ours for ours, _ in heard] == [theirs for _, theirs in heard]
    # a silence of 2 s resets the state, and so must ours
    assert own._windows_since_reset < len(heard)


def test_shared_smart_turn_sets_every_attribute_that_a_private_one_has() -> None:
    from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

    with ThreadPoolExecutor(1) as threads:
        shared = pipecat_private.SharedSmartTurn(pipecat_private.smart_turn_session(), threads)
    assert set(vars(shared)) - {"_threads", "_early"} == set(vars(LocalSmartTurnAnalyzerV3()))


async def test_smart_turn_runs_in_the_threads_that_are_shared() -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="shared") as threads:
        shared = pipecat_private.SharedSmartTurn(pipecat_private.smart_turn_session(), threads)
        shared.set_sample_rate(16_000)
        shared.append_audio(bytes(3200), is_speech=True)
        ran: list[str] = []
        inner = shared._predict_endpoint

        def predict(audio: np.ndarray[Any, Any]) -> dict[str, Any]:
            ran.append(threading.current_thread().name)
            return inner(audio)

        shared._predict_endpoint = predict  # type: ignore[method-assign, assignment]
        await shared.analyze_end_of_turn()
        await shared.cleanup()  # type: ignore[no-untyped-call]
        await shared.analyze_end_of_turn()
    assert ran
    assert all(name.startswith("shared") for name in ran)


def test_a_worker_has_the_pipeline_that_a_forced_end_goes_through() -> None:
    worker = PipelineWorker(Pipeline([]), enable_rtvi=False)
    assert inspect.iscoroutinefunction(worker._pipeline.queue_frame)


async def test_the_result_of_a_call_that_a_realtime_session_does_not_know_is_told_in_words() -> None:
    llm: Any = OpenAIRealtimeLLMService(api_key="test")
    items: list[Any] = []

    async def send(event: Any) -> None:
        items.append(event.item)

    llm.send_client_event = send
    pipecat_private.tell_results(llm)
    llm._open_function_calls.add("known")
    for call in ("known", "unknown"):
        await llm._send_tool_result(call, "six")
    assert [item.type for item in items] == ["function_call_output", "message"]
    assert (llm._completed_tool_calls, llm._results_awaiting_response) == (set(), False)


def test_the_realtime_service_says_whether_it_answers_and_what_it_was_given() -> None:
    llm = OpenAIRealtimeLLMService(api_key="test")
    assert pipecat_private.realtime_is_answering(llm) is False
    assert pipecat_private.realtime_has_context(llm) is False


async def test_a_worker_s_tasks_are_known_once_it_is_set_up() -> None:
    worker = PipelineWorker(Pipeline([]), enable_rtvi=False, name="call")
    assert pipecat_private.tasks(worker) == []
    assert callable(worker._pipeline.cleanup)


def test_a_speech_service_that_was_not_connected_says_so() -> None:
    service = OpenAIRealtimeSTTService(api_key="test")
    for name in ("_session_ready", "_websocket", "_reconnect_in_progress"):
        assert hasattr(service, name)
    assert not pipecat_private.is_connected(service)
    assert pipecat_private.is_connected(OpenAISTTService(api_key="test"))


async def test_a_client_that_a_service_made_for_itself_is_closed_and_the_shared_one_is_not() -> None:
    async with httpx.AsyncClient() as client:
        shared: Any = client
        own, everybodys = OpenAILLMService(api_key="test"), OpenAILLMService(api_key="test")
        everybodys._client = AsyncOpenAI(api_key="test", http_client=shared)
        await pipecat_private.close_own_clients([own, everybodys], shared)
        assert own._client.is_closed()
        assert not shared.is_closed


async def test_rates_are_changed_promptly_on_the_way_out_and_to_a_realtime_model() -> None:
    transport = QuickTransport()
    output = transport.output()
    pipecat_private.resample_promptly(output)
    llm = OpenAIRealtimeLLMService(api_key="k")
    pipecat_private.hear_promptly(llm)
    assert isinstance(llm._resampler, PromptResampler)
    assert isinstance(output, BaseOutputTransport)
    worker = PipelineWorker(Pipeline([transport.input(), output]), enable_rtvi=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(10):
        while not output._media_senders:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    kinds = {type(sender._resampler) for sender in output._media_senders.values()}
    await worker.cancel()
    await running
    assert kinds == {PromptResampler}


async def test_a_flow_manager_sets_each_node_by_the_one_name() -> None:
    from pipecat.flows import FlowManager

    assert list(inspect.signature(FlowManager._set_node).parameters) == ["self", "node_id", "node_config"]
    for enter in (FlowManager.initialize, FlowManager._execute_transition, FlowManager.set_node_from_config):
        assert "self._set_node(" in inspect.getsource(enter)


async def test_a_turn_interrupts_as_its_strategy_says_at_that_moment() -> None:
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.processors.aggregators.llm_response_universal import (
        LLMContextAggregatorPair,
        LLMUserAggregatorParams,
    )
    from pipecat.turns.user_mute import AlwaysUserMuteStrategy
    from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
    from pipecat.turns.user_turn_strategies import UserTurnStrategies

    start, mute = TranscriptionUserTurnStartStrategy(), AlwaysUserMuteStrategy()
    params = LLMUserAggregatorParams(
        user_turn_strategies=UserTurnStrategies(start=[start], stop=[]), user_mute_strategies=[mute]
    )
    caller = LLMContextAggregatorPair(LLMContext(), user_params=params).user()
    allowed: list[bool] = []
    start.add_event_handler(
        "on_user_turn_started", lambda _strategy, turn: allowed.append(turn.enable_interruptions)
    )
    for wanted in (False, True):
        pipecat_private.allow_interruptions(caller, wanted)
        assert pipecat_private.may_interrupt(caller) is wanted
        await start.trigger_user_turn_started()
    pipecat_private.suspend_interruptions(caller, "patience", True)
    pipecat_private.suspend_interruptions(caller, "tones", True)
    pipecat_private.suspend_interruptions(caller, "patience", False)
    pipecat_private.allow_interruptions(caller, True)
    await start.trigger_user_turn_started()
    pipecat_private.allow_interruptions(caller, False)
    pipecat_private.suspend_interruptions(caller, "tones", False)
    await start.trigger_user_turn_started()
    pipecat_private.allow_interruptions(caller, True)
    await start.trigger_user_turn_started()
    assert allowed == [False, True, False, False, True]
    assert pipecat_private.mute_strategies(caller) == (mute,)


def test_pipecat_s_eval_harness_runs_a_turn_by_the_name_that_is_surrounded() -> None:
    assert list(inspect.signature(EvalScriptDriver._run_turn).parameters) == ["self", "turn", "turn_idx"]
    assert "self._driver: BaseEvalDriver" in inspect.getsource(EvalScriptSession.__init__)
    assert "await self._run_turn(turn, turn_idx)" in inspect.getsource(EvalScriptDriver.run)


async def test_a_voice_splits_by_what_it_is_given() -> None:
    service, other = OpenAITTSService(api_key="test"), SimpleTextAggregator()
    own: list[BaseTextAggregator] = []

    def wrapped(splitter: BaseTextAggregator) -> BaseTextAggregator:
        own.append(splitter)
        return other

    pipecat_private.split_by(service, wrapped)
    assert isinstance(own[0], SimpleTextAggregator)
    assert service._text_aggregator is other
    assert "self._text_aggregator.aggregate(" in inspect.getsource(TTSService._handle_text)
    assert "self._text_aggregator.flush()" in inspect.getsource(TTSService._handle_llm_response_end)


async def test_what_is_read_to_hold_a_caller_s_words_is_there() -> None:
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

    pair = LLMContextAggregatorPair(LLMContext())
    assert {"_aggregation", "_user_turn_start_timestamp"} <= set(vars(pair.user()))
    assert {"_assistant_turn_start_timestamp", "_context_push_owed"} <= set(vars(pair.assistant()))
    worker = PipelineWorker(Pipeline([pair.user()]), enable_rtvi=True)
    assert worker._rtvi is worker.rtvi
