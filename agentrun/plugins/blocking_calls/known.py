"""Well-known calls that wait for a network, a process or a clock.

Opening and reading files is not among them: what is on this machine's disk is read in microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

THREAD = ""
"""There is no client of its own for the event loop: only a thread helps."""
_HTTPX = "httpx.AsyncClient"
_SUBPROCESS = "asyncio.create_subprocess_exec"
_SOCKET = "asyncio.open_connection"
_LOOKUP = "loop.getaddrinfo"
_VERBS = frozenset(("get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "send"))


def _all(names: str, instead: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), instead)


FUNCTIONS: Mapping[str, str] = {
    "time.sleep": "asyncio.sleep",
    **_all(" ".join(f"requests.{verb}" for verb in sorted(_VERBS - {"stream", "send"})), _HTTPX),
    **_all(" ".join(f"httpx.{verb}" for verb in sorted(_VERBS - {"send"})), _HTTPX),
    **_all("urllib.request.urlopen urllib.request.urlretrieve urllib3.request", _HTTPX),
    **_all("subprocess.run subprocess.call subprocess.check_call subprocess.check_output", _SUBPROCESS),
    **_all("subprocess.getoutput subprocess.getstatusoutput os.system os.waitpid", _SUBPROCESS),
    "socket.create_connection": _SOCKET,
    **_all("socket.getaddrinfo socket.gethostbyname socket.gethostbyaddr socket.getfqdn", _LOOKUP),
    "sqlite3.connect": "aiosqlite.connect",
    **_all("psycopg.connect psycopg.Connection.connect", "psycopg.AsyncConnection.connect"),
    "psycopg2.connect": "psycopg.AsyncConnection.connect",
    **_all("pymysql.connect MySQLdb.connect mysql.connector.connect", "aiomysql.connect"),
    **_all("pyodbc.connect snowflake.connector.connect oracledb.connect duckdb.connect", THREAD),
    **_all("smtplib.SMTP smtplib.SMTP_SSL", "aiosmtplib.send"),
    **_all("ftplib.FTP ftplib.FTP_TLS imaplib.IMAP4 imaplib.IMAP4_SSL poplib.POP3", THREAD),
    "select.select": "asyncio",
}
"""What to use in place of each, or ``THREAD``."""

CLASSES: Mapping[str, tuple[frozenset[str] | None, str]] = {
    "httpx.Client": (_VERBS, _HTTPX),
    **dict.fromkeys(("requests.Session", "requests.session"), (_VERBS, _HTTPX)),
    "urllib3.PoolManager": (frozenset(("request", "urlopen")), _HTTPX),
    **dict.fromkeys(
        ("http.client.HTTPConnection", "http.client.HTTPSConnection"),
        (frozenset(("request", "getresponse", "connect")), _HTTPX),
    ),
    "subprocess.Popen": (frozenset(("wait", "communicate")), _SUBPROCESS),
    "socket.socket": (frozenset(("connect", "accept", "recv", "sendall")), _SOCKET),
    **dict.fromkeys(
        ("boto3.client", "boto3.resource", "boto3.Session().client", "boto3.session.Session().client"),
        (None, "aioboto3"),
    ),
    **dict.fromkeys(("redis.Redis", "redis.StrictRedis", "redis.from_url"), (None, "redis.asyncio.Redis")),
    **dict.fromkeys(("openai.OpenAI", "openai.Client"), (None, "openai.AsyncOpenAI")),
    "openai.AzureOpenAI": (None, "openai.AsyncAzureOpenAI"),
    "anthropic.Anthropic": (None, "anthropic.AsyncAnthropic"),
    "pymongo.MongoClient": (None, "pymongo.AsyncMongoClient"),
    "twilio.rest.Client": (None, THREAD),
    "sqlalchemy.create_engine": (frozenset(("connect", "begin")), "sqlalchemy.ext.asyncio"),
    "paramiko.SSHClient": (frozenset(("connect", "exec_command")), THREAD),
}
"""Of each class the methods that wait (None: those that ask), and what to use in place of it."""

_ASKING = (
    *("create", "parse", "retrieve", "list", "execute", "commit", "fetch", "call", "ping", "publish"),
    *("get", "set", "put", "delete", "query", "scan", "invoke", "send", "find", "insert", "update"),
    *("aggregate", "count", "upload", "download", "describe", "start", "hget", "hset", "incr", "expire"),
)
_AT_HAND = ("get_paginator", "get_waiter")


def instead_of(name: str) -> str | None:
    """What to use in place of the callable of this dotted ``name``; None where it isn't known to block.

    An instance of a class stands as ``httpx.Client()``.

    >>> instead_of("time.sleep")
    'asyncio.sleep'
    >>> instead_of("httpx.Client().get")
    'httpx.AsyncClient'
    >>> instead_of("httpx.Client().close") is None
    True
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    made, _, method = name.rpartition("().")
    if made not in CLASSES:
        return None
    methods, instead = CLASSES[made]
    last = method.rpartition(".")[2]
    asks = last.startswith(_ASKING) and last not in _AT_HAND
    return instead if (asks if methods is None else method in methods) else None


def is_class(name: str) -> bool:
    """Whether calling ``name`` makes an instance whose methods are known."""
    return name in CLASSES or name in ("boto3.Session", "boto3.session.Session")
