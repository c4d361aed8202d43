"""The address at which the other processes of a service reach this one."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping

from agentrun.errors import SetupError
from agentrun.http.bound_socket import bind
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.forwarding.forwarding import Forwarding
from agentrun.server.forwarding.request_tokens import RequestTokens
from agentrun.server.forwarding.signed_names import SignedNames
from agentrun.server.lifecycle import security_settings
from agentrun.server.lifecycle.options import Options
from agentrun.server.shared_state import opening
from agentrun.server.shared_state.ledger import Ledger

_HINT = "name one address of this machine that the other machines reach, such as 10.0.0.11"


def private_socket(options: Options) -> socket.socket | None:
    """A socket on a free port of ``--private-host``, else for this machine alone; None where nothing is
    shared.

    Raises SetupError for a host that can't be bound, or is no single address.
    """
    if opening.address(options.shared, options.records, options.worker.ledger) is None:
        return None
    host = options.private_host or "127.0.0.1"
    try:
        everywhere = ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        everywhere = False
    if everywhere:
        raise SetupError(f"--private-host {host} is not an address that another machine can ask for", _HINT)
    try:
        return bind(host, 0)
    except SetupError as error:
        raise SetupError(f"--private-host {host}: {error}", _HINT) from None


def address_of(private: socket.socket | None) -> str:
    """Where ``private`` is reached, such as http://10.0.0.5:40001; empty without one."""
    if private is None:
        return ""
    host, port = private.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def forwarding(switchboard: Switchboard, environ: Mapping[str, str], ledger: Ledger | None) -> Forwarding:
    """What hands requests on to the processes that share the state of ``switchboard``.

    Its secret is that of the tokens of streams; a server without one has this user's.
    """
    names, tokens = (
        security_settings.keys(environ, ledger, purpose) for purpose in ("owner's name", "forwarded request")
    )
    state = switchboard.state
    return Forwarding(
        switchboard.handover,
        SignedNames(state.me.id, names),
        RequestTokens(state.me.id, tokens, state.time),
    )
