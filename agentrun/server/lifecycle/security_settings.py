"""Whom a server trusts, decided once from its options and environment."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from agentrun import local_secret
from agentrun.server import dashboard
from agentrun.server.auth import api_key, call_access, derived_keys
from agentrun.server.auth.call_access import Access
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.auth.start_tokens import StartTokens
from agentrun.server.browser import ice_servers
from agentrun.server.lifecycle.options import Options
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state.ledger import Ledger, SharedFlag
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.action_tokens import ActionTokens
from agentrun.server.twilio.stream_tokens import StreamTokens


def settings(
    options: Options,
    environ: Mapping[str, str],
    ledger: Ledger | None,
    state: SharedState,
    access: Access,
    public_urls: Mapping[str, str],
    port: int,
) -> ServerSettings:
    """How a server at ``port`` is set.

    ``ledger`` is what it shares with other workers, ``state`` what it shares with machines as well.
    Raises SetupError for a key that nobody could send, and for a TURN server that nothing opens.
    """
    api_key.require_sendable(environ)
    local = LocalAccess(
        _local_secret(environ, ledger),
        port,
        lambda: is_reachable(options, environ, public_urls.values()),
        SharedFlag(ledger, "reachable") if ledger else None,
    )
    return ServerSettings(
        options.host,
        access,
        environ,
        public_urls,
        offline=options.offline,
        evals=options.evals,
        one_of_many=options.worker.socket_fd is not None,
        start_tokens=_start_tokens(environ, state),
        origins=frozenset(origin.lower().rstrip("/") for origin in options.origins),
        local=local,
        when_full=options.when_full,
        insecure=options.insecure and access is Access.OPEN,
        dispatch=options.dispatch,
        ice_servers=ice_servers.read(options.ice_servers, environ),
    )


def is_reachable(options: Options, environ: Mapping[str, str], public_urls: Iterable[str]) -> bool:
    """Whether the configuration says that others can reach this server, on whatever host it listens."""
    names = (api_key.VARIABLE, dashboard.VARIABLE)
    elsewhere = (not call_access.is_loopback(urlsplit(url).hostname or "") for url in public_urls)
    evidence = options.origins or options.forwarded_allow_ips or any(environ.get(name) for name in names)
    return bool(evidence) or any(elsewhere)


def _local_secret(environ: Mapping[str, str], ledger: Ledger | None) -> bytes | None:
    """This user's; without a home one of this server's workers, or of this process alone (None)."""
    secret = local_secret.load(environ)
    if secret is None and ledger:
        with ledger.page("local secret") as page:
            return str(page.setdefault("secret", secrets.token_hex(32))).encode()
    return secret


def _start_tokens(environ: Mapping[str, str], state: SharedState) -> StartTokens | None:
    keys = derived_keys.both(environ, api_key.VARIABLE)
    return StartTokens(*keys, use=state.use, clock=state.time) if keys else None


def keys(environ: Mapping[str, str], ledger: Ledger | None, purpose: str) -> tuple[bytes, ...]:
    """Keys for a purpose, as ``derived_keys.for_purpose``."""
    otherwise = _local_secret(environ, ledger) or secrets.token_bytes(32)
    return derived_keys.for_purpose(environ, purpose, otherwise)


def call_tokens(
    environ: Mapping[str, str], ledger: Ledger | None, state: SharedState
) -> tuple[StreamTokens, ActionTokens]:
    """Tokens that any machine takes which has the same secrets, and shares the ``state``.

    A server that has no secret is this machine's alone: its workers have this user's.
    """
    streams, actions = (keys(environ, ledger, purpose) for purpose in ("stream token", "action token"))
    return StreamTokens(streams, state.time, state.use), ActionTokens(actions, state.time)
