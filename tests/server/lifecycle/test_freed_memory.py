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
        self.options: list[tuple[int, int]] = []
        if trims:
            self.malloc_trim = self.padding.append
            self.mallopt = lambda *option: self.options.append(option)


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


@pytest.mark.parametrize(
    ("platform", "has_it", "variables", "options"),
    [
        ("linux", True, {}, [(-8, 2)]),
        ("linux", True, {"MALLOC_ARENA_MAX": "4"}, []),
        ("linux", False, {}, []),
        ("darwin", True, {}, []),
    ],
)
def test_threads_share_arenas_where_the_c_library_can_and_nobody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    has_it: bool,
    variables: dict[str, str],
    options: list[tuple[int, int]],
) -> None:
    library = Library(trims=has_it)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    freed_memory.share_arenas()
    assert library.options == options
