"""What can go wrong, and who can mend it.

AgentRunError       the user can mend it: printed without a traceback, exit 1
  SpecError         every Problem with file:line:column and a hint
  PluginError       a plugin: which, where, what
  SetupError        a missing key, extra or port: names the variable or the command
ToolError           raised by a tool's author and told to the model; never ends a command
  SpokenOverError   the agent does not leave the call: somebody spoke over its last words
  UnavailableError  the server of a tool can't do it, and the record says why
anything else       a bug of agentrun: exit 3, and the traceback in a file
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake, at one place of one file.

    ``line`` and ``column`` count from 1; both are 0 for what stands in no file, such as ``--set``. ``where``
    is the dotted path of the value (``transport.type``), ``hint`` the next step, or empty.

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
    """Something that the user can mend; ``hint`` is the next step, or empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class SpecError(AgentRunError):
    """A spec that cannot be used, with every problem found in it, sorted by position."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class PluginError(AgentRunError):
    """A plugin that cannot be used: ``plugin`` is its name, ``path`` its file or distribution."""

    def __init__(self, plugin: str, path: str, message: str, hint: str = "") -> None:
        self.plugin = plugin
        self.path = path
        super().__init__(f"plugin '{plugin}' ({path}): {message}", hint)


class SetupError(AgentRunError):
    """The machine lacks something: a variable, an extra, a free port."""


class ToolError(Exception):
    """Raised by a tool to tell the model, in words, why it could not do what was asked.

    >>> raise ToolError("We seat at most 12. Offer the private room.")
    Traceback (most recent call last):
    ...
    agentrun.errors.ToolError: We seat at most 12. Offer the private room.
    """


class SpokenOverError(ToolError):
    """Somebody spoke over the words before the end of a call or a transfer, which was not done then."""


class UnavailableError(ToolError):
    """The other end of a tool can't do it; ``why`` is for the log and the record, and not for the model."""

    def __init__(self, words: str, why: str) -> None:
        super().__init__(words)
        self.why = why


class NotAskedError(ToolError):
    """Raised by a tool of another program's that asks nobody: the call is offline, or its server unknown."""
