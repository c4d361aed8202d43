"""What can go wrong, and who can fix it.

AgentRunError       the user can fix it: printed without a traceback, exit code 1
  SpecError         all problems of a spec, each with file:line:column and a hint
  PluginError       a plugin can't be used: which, where and why
  SetupError        a missing key, extra or port: names the variable or the command
ToolError           raised by a tool's author and passed to the model; never ends a command
  SpokenOverError   the caller spoke over the agent's last words, so the call goes on
  UnavailableError  the server behind a tool failed; the record says why
anything else       a bug in agentrun: exit code 3, and the traceback in a file
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake, at one place in one file.

    ``line`` and ``column`` count from 1; both are 0 for values that are in no file, such as ``--set``.
    ``where`` is the dotted path of the value (``transport.type``), ``hint`` the next step, or empty.

    >>> print(Problem("a.yaml", 3, 3, "transport.type", "'twillio' is not one of twilio", "write 'twilio'"))
    a.yaml:3:3: transport.type: 'twillio' is not one of twilio
      hint: write 'twilio'
    """

    path: str
    line: int
    column: int
    where: str
    message: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        kind = "warning: " if self.severity == "warning" else ""
        where = f"{self.where}: " if self.where else ""
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        head = f"{place}: {kind}{where}{self.message}"
        return f"{head}\n  hint: {self.hint}" if self.hint else head


class AgentRunError(Exception):
    """An error that the user can fix; ``hint`` is the next step, or empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class SpecError(AgentRunError):
    """A spec that can't be used, with all its problems, sorted by position."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PluginError(AgentRunError):
    """A plugin that can't be used; ``plugin`` is its name, ``path`` its file or distribution."""

    def __init__(self, plugin: str, path: str, message: str, hint: str = "") -> None:
        self.plugin = plugin
        self.path = path
        super().__init__(f"plugin '{plugin}' ({path}): {message}", hint)


class SetupError(AgentRunError):
    """The machine lacks something, such as an environment variable, an extra or a free port."""


class ToolError(Exception):
    """Raised by a tool to tell the model why it could not do what was asked.

    >>> raise ToolError("We seat at most 12. Offer the private room.")
    Traceback (most recent call last):
    ...
    agentrun.errors.ToolError: We seat at most 12. Offer the private room.
    """


class SpokenOverError(ToolError):
    """Somebody spoke over the last words before a hang-up or a transfer, which was therefore not done."""


class UnavailableError(ToolError):
    """The server behind a tool failed; ``why`` is for the log and the record, not for the model."""

    def __init__(self, words: str, why: str) -> None:
        super().__init__(words)
        self.why = why


class NotAskedError(ToolError):
    """Raised instead of calling a tool's server, because the call is offline or the server is unknown."""
