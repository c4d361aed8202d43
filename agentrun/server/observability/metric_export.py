"""Exports the metrics of ``/metrics`` to an OpenTelemetry collector as well."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping

from loguru import logger

from agentrun.server.observability import otlp
from agentrun.server.observability.metrics import Metrics, registry_of
from agentrun.tools.running.threads import NoThreadError, Threads

CLOSE_SECONDS = 2.0
"""How long the last figures may take on their way when the server stops."""
_INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
_INTERVAL_MS = "60000"
"""OpenTelemetry's own default."""


@contextlib.asynccontextmanager
async def exporting(metrics: Metrics, environ: Mapping[str, str]) -> AsyncIterator[bool]:
    """Send the figures while the block runs, and once more at its end; whether there is anywhere to.

    They are read where ``/metrics`` reads them, with workers those of all: one of them exports. A collector
    that is gone delays nothing but the end of the block, by at most ``CLOSE_SECONDS``. Raises SetupError for
    variables that say what can't be done, and when OpenTelemetry is needed and not installed.
    """
    where = otlp.address(environ, "metrics")
    if where is None:
        yield False
        return
    seconds = otlp.number(_INTERVAL, environ.get(_INTERVAL) or _INTERVAL_MS, "milliseconds") / 1000
    send, close = _exporter(metrics, environ, where)
    threads = Threads("metrics", 1)
    sending = asyncio.create_task(_send_regularly(send, seconds, threads))
    try:
        yield True
    finally:
        sending.cancel()
        last = asyncio.get_running_loop().run_in_executor(threads, send)
        done, _ = await asyncio.wait({last}, timeout=CLOSE_SECONDS)
        if not done or last.exception():
            logger.warning("the collector at {} did not take the last metrics", where)
        close()


async def _send_regularly(send: Callable[[], None], seconds: float, threads: Threads) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.get_running_loop().run_in_executor(threads, send)
        except NoThreadError as error:
            logger.warning("metrics could not be sent: {}", error)


def _exporter(
    metrics: Metrics, environ: Mapping[str, str], where: str
) -> tuple[Callable[[], None], Callable[[], None]]:
    """What sends the figures of now, which blocks, and what lets go of the collector."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        from agentrun.server.observability.otlp_figures import Period, figures
    except ImportError as error:
        raise otlp.missing_library(error, "metrics", where) from None
    headers, timeout = otlp.headers(environ, "metrics"), otlp.timeout(environ, "metrics")
    exporter = OTLPMetricExporter(where, headers=headers, timeout=timeout)
    resource, began = otlp.resource(environ), time.time_ns()

    def send() -> None:
        period = Period(began, time.time_ns())
        try:
            exporter.export(figures(registry_of(metrics).collect(), resource, period))
        except Exception as error:  # noqa: BLE001 - the next figures hold these as well, if there are any
            logger.warning("metrics could not be sent to {}: {}", where, error)

    return send, exporter.shutdown
