"""Which threads of this process have work, including those that wait for a processor."""

from __future__ import annotations

import os
import threading

_TASKS = "/proc/self/task"
_AT_WORK = frozenset(b"RD")
"""Running or able to run, and waiting for a disk."""
_STATE_BYTES = 128
"""Enough for a thread's number, its name of at most 64 bytes, and the state behind them."""


class ThreadStates:
    """Looks at the threads of this process; closes its files with ``close``."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        """The open file of each thread's state: to open it takes longer than to read it."""

    def others_at_work(self) -> bool:
        """Whether a thread beside this one has work; False where the system doesn't tell (all but Linux)."""
        try:
            tasks = os.listdir(_TASKS)  # noqa: PTH208 - once for each jump
        except OSError:
            return False
        for ended in self._files.keys() - set(tasks):
            self._forget(ended)
        me = str(threading.get_native_id())
        return any(self._state(task) in _AT_WORK for task in tasks if task != me)

    def close(self) -> None:
        """No file stays open."""
        while self._files:
            os.close(self._files.popitem()[1])

    def _state(self, task: str) -> int:
        """One letter, as in `proc(5)`; 0 for a thread that has ended."""
        try:
            line = os.pread(self._file(task), _STATE_BYTES, 0)
        except OSError:
            self._forget(task)
            return 0
        # behind the name, which is in parentheses and may hold some itself
        end = line.rfind(b") ")
        return line[end + 2] if 0 <= end < len(line) - 2 else 0

    def _file(self, task: str) -> int:
        file = self._files.get(task)
        if file is None:
            file = self._files[task] = os.open(f"{_TASKS}/{task}/stat", os.O_RDONLY | os.O_CLOEXEC)
        return file

    def _forget(self, task: str) -> None:
        file = self._files.pop(task, None)
        if file is not None:
            os.close(file)
