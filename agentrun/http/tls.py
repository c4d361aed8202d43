"""The one TLS context for what this process asks of others.

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
