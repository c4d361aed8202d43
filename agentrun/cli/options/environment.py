"""The process's environment: which variables are read, which are misspelt, and which Pipecat must not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

from agentrun.spec.loading.close_match import closest

PREFIX = "AGENTRUN_"
OWN = (
    *("AGENTRUN_API_KEY", "AGENTRUN_DASHBOARD_PASSWORD", "AGENTRUN_WEBHOOK_SECRET", "AGENTRUN_TRACE_CONTENT"),
    *(
        "AGENTRUN_API_KEY_SECONDARY",
        "AGENTRUN_TURN_SECRET",
        "AGENTRUN_TURN_USERNAME",
        "AGENTRUN_TURN_PASSWORD",
    ),
    "AGENTRUN_HTTP_CONNECTIONS",
    *("AGENTRUN_WORKER", "AGENTRUN_WORKER_FD", "AGENTRUN_SUPERVISOR_FD", "AGENTRUN_LEDGER"),
)
"""What is read without an option, and what a server passes to its workers."""
OPTIONS = (
    *(
        "AGENTRUN_CONFIG",
        "AGENTRUN_HOST",
        "AGENTRUN_PORT",
        "AGENTRUN_PUBLIC_URL",
        "AGENTRUN_OFFLINE",
        "AGENTRUN_MOCK_SERVER",
    ),
    *(
        "AGENTRUN_INSECURE",
        "AGENTRUN_EVAL",
        "AGENTRUN_WATCH",
        "AGENTRUN_DRAIN",
        "AGENTRUN_WORKERS",
        "AGENTRUN_LAME_DUCK",
        "AGENTRUN_WHEN_FULL",
        "AGENTRUN_CAPACITY",
        "AGENTRUN_DISPATCH",
        "AGENTRUN_POD_DELETION_COST",
        "AGENTRUN_PRIVATE_HOST",
    ),
    *("AGENTRUN_MAX_CALLS", "AGENTRUN_MAX_CALLS_PER_CALLER", "AGENTRUN_MAX_CALLS_PER_MINUTE"),
    "AGENTRUN_ICE_SERVER",
    *("AGENTRUN_ALLOW_ORIGIN", "AGENTRUN_FORWARDED_ALLOW_IPS", "AGENTRUN_RECORDS", "AGENTRUN_KEEP_RECORDS"),
    "AGENTRUN_SHARED",
    *("AGENTRUN_STYLE", "AGENTRUN_OVERRIDES", "AGENTRUN_LOG_LEVEL", "AGENTRUN_LOG_FORMAT"),
)
"""Options of ``agentrun serve``, repeated so that no command has to be imported to know them."""

KEPT = frozenset(
    {
        "PIPECAT_LOG_LLM_CONTEXT", "PIPECAT_EVALS_CACHE_DIR", "PIPECAT_SCTP_MAX_CHUNK_SIZE",
        "PIPECAT_CLOUD_PUBLIC_KEY", "PIPECAT_CLOUD_BASE_URL",
    }
)  # fmt: skip
"""Pipecat's variables that neither run code, nor open a port, nor write callers' voices to disk."""


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


def unknown(environ: Mapping[str, str]) -> Iterator[str]:
    """A line about each variable that looks like one of agentrun's but isn't, such as a misspelt one.

    >>> list(unknown({"AGENTRUN_PROT": "80", "PATH": "/bin"}))
    ["AGENTRUN_PROT is not a variable of agentrun and has no effect: did you mean 'AGENTRUN_PORT'?"]
    """
    names = {*OWN, *OPTIONS}
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name not in names):
        hint = closest(name, names) or "`agentrun serve --help` lists the options that can be variables"
        yield f"{name} is not a variable of agentrun and has no effect: {hint}"
