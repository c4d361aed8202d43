"""Returns freed memory from the C library to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Have glibc give the system the memory that was freed: 7 MB after a start. Elsewhere nothing happens.

    https://man7.org/linux/man-pages/man3/malloc_trim.3.html
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
