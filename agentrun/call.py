"""The call that a tool works for: what a tool can know about it, and do on it."""

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
    """The call has no line: it was created for a test, or it is over."""


class Line(Protocol):
    """What a session lets a tool do on the call; ``Call`` has the same methods, and documents them."""

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
    """One call: who is talking to which agent, and over what.

    A tool receives it in a parameter typed ``Call``, which the model never sees.
    ``id`` is Twilio's call SID, Daily's call id, or a random id if there is no telephone.
    ``from_number`` and ``to_number`` are E.164 numbers, or None if there is no telephone.
    ``parameters`` are the custom parameters of the media stream, the SIP headers of a call over Daily, or
    the request body that started the session. ``environ`` is the environment, as read by the command line.
    ``offline`` is true under ``--offline``: answer from local data instead of the network.
    ``state`` belongs to the tools: what they store there lasts until the call ends.

    The methods need a line, which agentrun provides. Without one, and after the end of the call, they raise
    NoLineError; for a text that is no ``str`` they raise TypeError. An ``async def`` tool awaits them; a
    ``def`` tool, which runs in a thread, passes them to ``run``. A test may supply a ``client`` for ``http``.

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
        """The caller's number, or ``anonymous`` if it is hidden or there is none."""
        return "anonymous" if caller_numbers.is_hidden(self.from_number) else str(self.from_number)

    @property
    def http(self) -> httpx.AsyncClient:
        """An HTTP client whose connections are shared by all calls of the process; it keeps no cookies.

        Its timeout is 10 seconds. Closing it has no effect. Don't change it: a header that is set on it is
        sent with the requests of every call, to every host.
        """
        return self.client or self._line("http").http

    async def say(self, text: str) -> None:
        """Queue ``text`` to be spoken after what is being said; returns before it has been heard."""
        await self._line("say", text).say(text)

    async def hang_up(self, words: str = "") -> None:
        """Say ``words``, wait until the caller has heard everything, then end the call.

        The words are skipped if the model has already said goodbye in the answer that called the tool.
        Raises ToolError, which is passed to the model, if the caller speaks over the words; the call goes on.
        """
        await self._line("hang_up", words).hang_up(words)

    async def transfer(self, to: str, words: str = "") -> None:
        """Say ``words``, wait until they have been heard, then transfer the caller to ``to``.

        ``to`` is an E.164 number, with ``;ext=12`` for keys to press once it answers, or a SIP URI. The agent
        leaves the call. Raises ToolError, which is passed to the model, if the transport can't transfer, the
        telephone company refuses, or the caller speaks over the words.
        """
        await self._line("transfer", to, words).transfer(to, words)

    async def hand_over(self, to: str, words: str = "") -> None:
        """Say ``words``, wait until they have been heard, then hand off to the agent ``to``.

        ``to`` is a handoff target: an agent named by ``handoff:`` in the spec, or by one of those agents. Its
        prompt, voice, models and tools take over; the conversation, the record and the limits of the call
        stay. Raises ToolError for any other agent.
        """
        await self._line("hand_over", to, words).hand_over(to, words)

    async def send_digits(self, digits: str) -> None:
        """Send ``digits`` (``0`` to ``9``, ``*``, ``#``) as DTMF tones after what is being said."""
        await self._line("send_digits", digits).send_digits(digits)

    async def collect_digits(
        self, words: str = "", most: int = 20, finish: str = "#", timeout: float = 10.0
    ) -> str:
        """Say ``words``, then return the keys that the caller presses: at most ``most``, without ``finish``.

        ``timeout`` is how long to wait for each key, in seconds from the end of the words. The result is
        empty if no key was pressed.
        """
        return await self._line("collect_digits", words, finish).collect_digits(words, most, finish, timeout)

    async def wait(self, seconds: float) -> None:
        """For ``seconds``, don't ask a silent caller whether they are still there; returns at once."""
        await self._line("wait").wait(seconds)

    async def quiet(self, seconds: float = 1.0, most: float = 30.0) -> None:
        """Wait until nobody has spoken for ``seconds``, at most ``most`` seconds."""
        await self._line("quiet").quiet(seconds, most)

    async def stop_recording(self) -> bool:
        """Stop recording the call's audio, and delete what was recorded.

        Returns False if the call is not recorded. The record's ``recording_deleted`` is the time of deletion.
        Raises ToolError, which is passed to the model, if the file can't be deleted; recording has stopped
        even then.
        """
        return await self._line("stop_recording").stop_recording()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` in the event loop from a ``def`` tool's thread, and return its result.

        Raises whatever ``work`` raises, and RuntimeError if called in the event loop: await it there instead.

        >>> def look_up(call: Call, name: str) -> str:
        ...     '''Look up an opening time.'''
        ...     call.run(call.say("One moment."))
        ...     return call.run(call.http.get(f"https://example.com/{name}")).text
        """
        if self.line is not None:
            return self.line.run(work)
        import asyncio

        return asyncio.run(work)

    def _line(self, method: str, *texts: object) -> Line:
        if self.line is None:
            raise NoLineError(f"call.{method} needs a call with a line, and this one has none")
        for text in texts:
            # in the pipeline it would be a fault of the voice
            if not isinstance(text, str):
                raise TypeError(f"call.{method} takes texts, and was given a {type(text).__name__}")
        return self.line
