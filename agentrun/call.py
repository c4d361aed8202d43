"""What a tool may know of the call that it works for, and what it may do on it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agentrun import caller_numbers

if TYPE_CHECKING:
    import httpx


T = TypeVar("T")


class NoLineError(RuntimeError):
    """The call has no line: it was made for a test, or it is over."""


class Line(Protocol):
    """What a session lets a tool do; ``Call`` has the same methods, and says what they do."""

    @property
    def http(self) -> httpx.AsyncClient: ...

    async def say(self, text: str) -> None: ...

    async def hang_up(self, words: str) -> None: ...

    async def transfer(self, to: str, words: str) -> None: ...

    async def hand_over(self, to: str, words: str) -> None: ...

    async def send_digits(self, digits: str) -> None: ...

    async def collect_digits(self, words: str, most: int, finish: str, timeout: float) -> str: ...

    async def wait(self, seconds: float) -> None: ...

    async def quiet(self, seconds: float, most: float) -> None: ...

    async def stop_recording(self) -> bool: ...

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...


@dataclass(frozen=True)
class Call:
    """One call: who is speaking with which agent, over what.

    A tool that wants it has a parameter typed ``Call``; the host fills it and the model never sees it.
    ``id`` is Twilio's call SID or Daily's call id on the telephone and a random id elsewhere.
    ``from_number`` and ``to_number`` are E.164 numbers, or None where there is no telephone.
    ``parameters`` are the custom parameters of the media stream, the SIP headers of a call over Daily, or
    the body of a start. ``environ`` is the environment that the command line read at start.
    ``offline`` is true under ``--offline``: answer from local data rather than from the network.
    ``state`` belongs to the tools: whatever they put there lasts until the call ends.

    The methods need a line, which agentrun sets: without one they raise NoLineError, also once the call is
    over. An ``async def`` awaits them; a ``def``, which has a thread of its own, hands them to ``run``. A
    test may give a ``client`` for ``http``.

    >>> Call(id="CA1", agent="ncaa", transport="twilio", from_number="+15551234567").caller
    '+15551234567'
    """

    id: str
    agent: str
    transport: str
    from_number: str | None = None
    to_number: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    offline: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: dict[str, Any] = field(default_factory=dict)
    line: Line | None = field(default=None, repr=False, compare=False)
    client: httpx.AsyncClient | None = field(default=None, repr=False, compare=False)

    @property
    def caller(self) -> str:
        """The caller's number, or ``anonymous`` where it is hidden or there is none."""
        return "anonymous" if caller_numbers.is_hidden(self.from_number) else str(self.from_number)

    @property
    def http(self) -> httpx.AsyncClient:
        """An HTTP client over connections that all calls of the process share; it keeps no cookies.

        It waits 10 seconds for an answer. Don't close it.
        """
        return self.client or self._line("http").http

    async def say(self, text: str) -> None:
        """Have ``text`` spoken after what is being said; returns at once, before it has been heard."""
        await self._line("say").say(text)

    async def hang_up(self, words: str = "") -> None:
        """Say ``words``, wait until the caller has heard everything, then end the call.

        The words are left out where the model has said goodbye itself in the answer that called the tool.
        Raises ToolError, which the model is told, when the caller speaks over the words: they stay.
        """
        await self._line("hang_up").hang_up(words)

    async def transfer(self, to: str, words: str = "") -> None:
        """Say ``words``, wait until they have been heard, then hand the caller to the number ``to``.

        ``to`` is an E.164 number, with ``;ext=12`` where keys are pressed once it is answered, or an address
        of SIP. The agent leaves the call. Raises ToolError, which the model is told, when
        the transport can't or the telephone company won't, or the caller speaks over the words.
        """
        await self._line("transfer").transfer(to, words)

    async def hand_over(self, to: str, words: str = "") -> None:
        """Say ``words``, wait until they have been heard, then go on as the agent ``to``.

        It is one that ``handoff:`` of the spec names, or one that those name. Its prompt, voice, models and
        tools take over; the conversation, the record and the limits of the call stay. Raises ToolError for
        an agent that can't be handed to.
        """
        await self._line("hand_over").hand_over(to, words)

    async def send_digits(self, digits: str) -> None:
        """Send the tones of ``digits`` (``0`` to ``9``, ``*``, ``#``) after what is being said."""
        await self._line("send_digits").send_digits(digits)

    async def collect_digits(
        self, words: str = "", most: int = 20, finish: str = "#", timeout: float = 10.0
    ) -> str:
        """Say ``words``, then give the keys that the caller presses: at most ``most``, without ``finish``.

        ``timeout`` is how many seconds to wait for each key, from the end of the words. The answer is empty
        when no key was pressed.
        """
        return await self._line("collect_digits").collect_digits(words, most, finish, timeout)

    async def wait(self, seconds: float) -> None:
        """Don't ask for ``seconds`` whether the caller is still there; returns at once."""
        await self._line("wait").wait(seconds)

    async def quiet(self, seconds: float = 1.0, most: float = 30.0) -> None:
        """Wait until nobody has spoken for ``seconds``, at most ``most`` seconds."""
        await self._line("quiet").quiet(seconds, most)

    async def stop_recording(self) -> bool:
        """Stop the recording of the call's sound and delete what was recorded of both sides.

        Gives false where the call is not recorded. The record's ``recording_deleted`` says when it was.
        Raises ToolError, which the model is told, where the file can't be deleted; it has stopped then.
        """
        return await self._line("stop_recording").stop_recording()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait in a ``def`` tool's thread for ``work``, which runs in the event loop; gives its result.

        Raises what ``work`` raises, and RuntimeError in the event loop itself, where it is awaited instead.

        >>> def look_up(call: Call, name: str) -> str:
        ...     '''Look up an opening time.'''
        ...     call.run(call.say("One moment."))
        ...     return call.run(call.http.get(f"https://example.com/{name}")).text
        """
        if self.line is not None:
            return self.line.run(work)
        import asyncio

        return asyncio.run(work)

    def _line(self, method: str) -> Line:
        if self.line is None:
            raise NoLineError(f"call.{method} needs a call with a line, and this one has none")
        return self.line
