"""What a start has freed is given back to the system."""

from __future__ import annotations

import ctypes
import sys

import pytest

from agentrun.server.lifecycle import freed_memory


class Library:
    """A C library with malloc_trim, or without."""

    def __init__(self, *, trims: bool) -> None:
        self.padding: list[int] = []
        if trims:
            self.malloc_trim = self.padding.append


@pytest.mark.parametrize(
    ("platform", "trims", "padding"),
    [("linux", True, [0]), ("linux", False, []), ("darwin", True, []), ("win32", True, [])],
)
def test_it_is_given_back_where_the_c_library_can(
    monkeypatch: pytest.MonkeyPatch, platform: str, trims: bool, padding: list[int]
) -> None:
    library = Library(trims=trims)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    freed_memory.give_back()
    assert library.padding == padding
