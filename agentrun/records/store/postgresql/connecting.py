"""PostgreSQL connections with the same settings however the server is configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from agentrun.errors import SetupError
from agentrun.records.store.postgresql import pooler, unheard

_UNHEARD: Mapping[str, int] = {"tcp_user_timeout": 5_000, "keepalives_idle": 5, "keepalives_interval": 5}
"""libpq's: a connection on which nothing is heard for so long is at its end, in ms and s.

Without them whoever waits for a machine that is gone waits for a quarter of an hour.
https://www.postgresql.org/docs/current/libpq-connect.html
"""
_READ_ONLY = "25006"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_ENCODING = "UTF8"
_CREATION = "CREATE DATABASE {name}_utf8 TEMPLATE template0 ENCODING 'UTF8'"


def make(url: sa.URL, seconds: int, options: str, **pool: Any) -> sa.Engine:
    """An engine whose connections are made within ``seconds``, with what the ``url`` does not say itself.

    The ``options`` of the url come behind ours, which they may overrule one by one. Whoever waits for a lock
    sees then what others have changed, whatever a database or a role has for its default.

    A machine that is gone is noticed. Connections with a server that only reads are made anew, for after a
    failover another one is the first. Connecting raises SetupError where the database can't hold all letters.
    """
    given = {"connect_timeout": seconds, "client_encoding": _ENCODING, **_UNHEARD}
    arguments: dict[str, Any] = {name: value for name, value in given.items() if name not in url.query}
    own = url.query.get("options", ())
    # the last -c of a name counts, and these arguments go before the query
    arguments["options"] = " ".join([options, *([own] if isinstance(own, str) else own)])
    ways: dict[str, Any] = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED", **pool}
    made = sa.create_engine(url, connect_args=arguments, **ways)
    unheard.end_unheard(made, str(own))
    pooler.keep_to_transactions(made, arguments["options"])

    @sa.event.listens_for(made, "connect")
    def require_every_letter(connection: Any, _record: object) -> None:
        if made.dialect.driver == "psycopg":
            encoding = connection.info.parameter_status("server_encoding")
            if encoding not in (_ENCODING, None):
                connection.close()
                message = f"the database '{url.database}' holds only the letters of {encoding}"
                raise SetupError(message, f"make one for it: {_CREATION.format(name=url.database)}")

    @sa.event.listens_for(made, "handle_error")
    def look(context: sa.engine.ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
            context.is_disconnect = True

    return made
