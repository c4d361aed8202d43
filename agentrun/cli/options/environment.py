"""What the process's environment may not do to Pipecat."""

from __future__ import annotations

from collections.abc import MutableMapping

KEPT = frozenset({"PIPECAT_LOG_LLM_CONTEXT", "PIPECAT_EVALS_CACHE_DIR", "PIPECAT_SCTP_MAX_CHUNK_SIZE"})
"""Pipecat's own variables that neither run code, nor open a door, nor write callers' voices to disk."""


def drop_pipecats(environ: MutableMapping[str, str]) -> list[str]:
    """Remove Pipecat's other variables, and return their names.

    Pipecat 1.14 runs the files in ``PIPECAT_SETUP_FILES`` in every call, lets models read the networks in
    ``PIPECAT_ALLOWED_FILE_URL_NETWORKS``, and writes what callers say with ``PIPECAT_SMART_TURN_LOG_DATA``.

    >>> drop_pipecats({"PIPECAT_SETUP_FILES": "x.py", "PATH": "/bin"})
    ['PIPECAT_SETUP_FILES']
    """
    dropped = sorted(name for name in environ if name.startswith("PIPECAT_") and name not in KEPT)
    for name in dropped:
        del environ[name]
    return dropped
