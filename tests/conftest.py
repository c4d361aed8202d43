"""What the tests share, and what they take from the machine that they run on.

Clock: what waits runs on ``agentrun.testing.virtual_time``, also with sound; what must run in real time is
bounded by the order of what happens. Files that take long stand in ``SLOW`` and run with `make test-all` and
in `.ci/run`, in real time unless they are in ``LONG``; a single test is marked ``@pytest.mark.slow``. What
waits for more than 20 s belongs there. Which ones are begun first is in `tests/order.py`.

Shared: ``engines`` (session) is the packaged hearing and voice, loaded once a process; ``postgresql``
(session, `tests/records/conftest.py`) is one server for all tests that want one.

Programs: ``@pytest.mark.needs(there, reason)`` skips a test whose program is not installed, and fails it
where `CI` is set, for `.ci/run` installs it.

Environment: nothing of the user's shell but ``KEPT``; a test sets what it needs with ``monkeypatch``. Ctrl-C
reaches what tests start, also in a job that a script runs in the background.

Logs: warnings and above, also Pipecat's; everything with `--agentrun-logs`.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import tempfile
from asyncio import AbstractEventLoop
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import certifi
import hypothesis
import pytest
from fastapi.dependencies import models
from loguru import logger

from agentrun.simulate.engines import engines as engines_module
from agentrun.simulate.engines.engines import Engines
from agentrun.testing.running.environment import NEEDED
from agentrun.testing.virtual_time import VirtualTimeLoop
from tests import order

# what is imported and collected stays, and to look through it again and again takes a third of that time
gc.disable()

KEPT = ("CI", "LD_LIBRARY_PATH", "PIP_", "PYTEST_", "PYTHON", "SSL_CERT_", "UV_", "VIRTUAL_ENV", "XDG_")
"""Beginnings of the variables that say how programs are run, beside those that every process needs."""

TESTS = Path(__file__).parent
SLOW = frozenset(
    {
        # calls with sound
        "calls/test_independent.py",
        "calls/test_latency.py",
        "calls/test_mcp.py",
        "testing/running/test_spoken_run.py",
        "transports/test_microphone.py",
        # a browser with a microphone
        "browser/test_conversation.py",
        "browser/test_dashboard.py",
        "browser/test_opening.py",
        "browser/test_page.py",
        "browser/test_troubles.py",
        # pytest in a process of its own, cassettes of whole conversations
        "testing/running/test_cassettes.py",
        "testing/test_pytest_plugin.py",
        # several servers, each in a process of its own
        "cli/test_bench.py",
        "cli/test_chat.py",
        "cli/test_dial.py",
        "cli/test_drain.py",
        "cli/test_log_format.py",
        "cli/test_new.py",
        "cli/test_replay.py",
        "cli/test_serve_webhook.py",
        "cli/test_simulate.py",
        "cli/test_workers.py",
        "server/lifecycle/test_stopping_with_a_locked_store.py",
        "tools/mcp/test_connection.py",
        # the corpus, heard by the packaged model
        "simulate/engines/test_packaged_whisper.py",
    }
)
"""Files that `make test` leaves out: what they wait for takes its time."""
LONG = frozenset(
    {
        # many calls with sound, or calls at random
        *(f"calls/test_{name}.py" for name in ("answers", "base_url", "call_control", "failover", "faults")),
        *(f"calls/test_{name}.py" for name in ("idle_stages", "long_words", "playout_tracking")),
        *(f"calls/test_{name}.py" for name in ("random_calls", "realtime_faults", "speech_prepared_ahead")),
        *(f"calls/test_{name}.py" for name in ("canaries", "early_end_of_turn", "examples", "heard_answers")),
        *(f"calls/test_{name}.py" for name in ("realtime_reconnection", "recording")),
        *(
            f"calls/test_{name}.py"
            for name in ("speech_text", "tool_interleavings", "tool_table", "tools_over_turns")
        ),
        "calls/test_streaming_services.py",
        "calls/test_turns_and_limits.py",
        # every row of a table, or whatever Hypothesis thinks of
        "cli/test_calls_hostile.py",
        "server/auth/test_proxies.py",
        "server/test_fuzz.py",
        "simulate/openai/test_http_faults.py",
        "spec/test_any_text.py",
        # a process, a site, an environment or a model for each test
        "cli/test_token.py",
        "deploy/test_capacity.py",
        "deploy/test_slimming.py",
        "docs/test_site.py",
        "server/observability/test_tracing.py",
        "simulate/caller/test_offline_engines.py",
        "simulate/engines/test_engines.py",
    }
)
"""Files that `make test` leaves out as well, for they take more of the processor than a hundred others; their
calls are on the clock that they have."""
VIRTUAL = (
    "calls/",
    "pipeline/",
    "plugins/",
    *(f"server/{room}/" for room in ("admission", "analysis", "calls", "daily", "dashboard")),
    "server/observability/",
    "server/twilio/",
    "session/",
    "simulate/caller/",
)
"""Folders whose quick tests are on a clock that jumps over what is waited for."""


def _is_kept(name: str) -> bool:
    return name in NEEDED or name.startswith(KEPT)


for _name in [name for name in os.environ if not _is_kept(name)]:
    del os.environ[_name]
os.environ.pop("PYTHONWARNINGS", None)

# jobs that a script runs in the background ignore Ctrl-C (POSIX), and what tests start would inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)

# how long an example takes says how busy the machine is
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

# one authority's certificate instead of 150, which are read for each HTTP client: tests ask loopback alone
_ONE, _END, _ = Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----")
_AUTHORITY = tempfile.NamedTemporaryFile("w", prefix="agentrun-authority-", suffix=".pem")  # noqa: SIM115
_AUTHORITY.write(f"{_ONE}{_END}\n")
_AUTHORITY.flush()
certifi.where = lambda: _AUTHORITY.name


def pytest_configure() -> None:
    """A slow file that was renamed would run with the quick ones again."""
    gone = sorted(name for name in (*SLOW, *LONG, *order.FIRST, *VIRTUAL) if not (TESTS / name).exists())
    if gone:
        names = ", ".join(gone)
        raise pytest.UsageError(f"tests/conftest.py or tests/order.py names what is not there: {names}")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Real time is for what is slow, as sound on a wire is."""
    file = _file(item)
    is_slow = (item.get_closest_marker("slow") or file in SLOW) and file not in LONG
    if is_slow or not file.startswith(VIRTUAL):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for each core, at most eight: half of what tests take is waiting, not work.

    Slow ones wait for sound, browsers and servers: three.
    """
    each = 3 if config.getoption("markexpr") == "slow" else 2
    return min(8, each * (os.cpu_count() or 1))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files out that have none of the tests which `make test` or `make test-slow` asks for.

    Each process imports what it collects, and that takes longer than most tests. A file that is named is not
    left out.
    """
    wanted, file = config.getoption("markexpr"), collection_path
    if file.suffix != ".py" or not file.is_relative_to(TESTS) or file.name in ("conftest.py", "__init__.py"):
        return None
    is_listed = file.relative_to(TESTS).as_posix() in SLOW | LONG
    if wanted == "not slow":
        return is_listed or None
    if wanted == "slow":
        return not (is_listed or "slow" in file.read_text(encoding="utf-8")) or None
    return None


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look at it after each file of tests."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark the tests of the slow files, and begin with what takes longest of those that were asked for."""
    for item in items:
        if _file(item) in SLOW | LONG:
            item.add_marker(pytest.mark.slow)
    yield
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = order.ordered(items, [_file(item) for item in items], processes)


def _file(item: pytest.Item) -> str:
    """Below this folder; elsewhere nothing."""
    return item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose program is not installed; where `CI` is set that is a failure."""
    for marker in item.iter_markers("needs"):
        there, reason = marker.args
        if not there:
            missing(reason)


def missing(reason: str) -> None:
    """Skip the test for ``reason``, which names what to install; in CI fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI has to run this test: {reason}", pytrace=False)
    pytest.skip(reason)


def _to_stderr(line: str) -> None:
    """What is stderr now: pytest puts another one there for each test."""
    sys.stderr.write(line)


@pytest.fixture(autouse=True, scope="module")
def quiet_logs(pytestconfig: pytest.Config) -> None:
    """Logs are for failures: warnings and above, of Pipecat too, which the plugin for users silences."""
    level = "DEBUG" if pytestconfig.getoption("--agentrun-logs") else "WARNING"
    logger.remove()
    logger.enable("pipecat")
    logger.add(_to_stderr, level=level, format="{time:HH:mm:ss.SSS} {level} {message}")


@pytest.fixture(scope="session")
def engines() -> Engines:
    """The packaged hearing and voice, loaded and warmed once."""
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    return asyncio.run(engines_module.load_offline())


@pytest.fixture
def engines_of_all(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loads the packaged engines in this test gets those that are loaded."""

    async def loaded() -> Engines:
        return engines

    monkeypatch.setattr(engines_module, "load_offline", loaded)


@pytest.fixture(autouse=True, scope="module")
def forgotten_applications() -> Iterator[None]:
    """FastAPI's caches keep each application of a test, and the models that it hears and speaks with."""
    yield
    caches = [each for each in vars(models).values() if hasattr(each, "cache_clear")]
    if any(cache.cache_info().currsize for cache in caches):
        for cache in caches:
            cache.cache_clear()
        gc.collect()
