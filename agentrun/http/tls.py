"""The TLS contexts for what this process asks of others, one for each set of authorities.

Reading the certificates takes 40 ms of processor time. httpx reads them again for each client, on the event
loop, where every call waits for it.
"""

from __future__ import annotations

import functools
import ssl

import httpx


@functools.cache
def context() -> ssl.SSLContext:
    """What verifies servers by certifi's certificates, or by ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.

    Read once; a later change of these files or variables is for the next process.

    >>> context() is context()
    True
    """
    return httpx.create_ssl_context()


@functools.cache
def system_context() -> ssl.SSLContext:
    """What OpenAI's and MCP's clients verify servers by: the system's authorities, or the same variables'.

    An authority that a company has installed on its machines is among them. Read once, too.
    """
    import httpx2

    return httpx2.create_ssl_context()
