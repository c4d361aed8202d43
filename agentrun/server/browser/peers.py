"""The browsers on calls: if one's network changes, it renegotiates and stays on its call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from aiortc.sdp import SessionDescription, candidate_from_sdp
from loguru import logger
from pipecat.transports.smallwebrtc.connection import IceServer, SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import IceCandidate

from agentrun.server.browser.ice_servers import IceServers
from agentrun.server.browser.offer_bounds import MOST_CANDIDATES, RenegotiationRate

_MOST_NAMES = 4
"""A restart gives a connection a new name; the answer with it may be lost, and the old one comes again."""
CONNECT_SECONDS = 20
"""How long a connection may take to come about, with the place of a call; nobody tells that none can."""


class PeerGoneError(Exception):
    """The call of a connection ended while it was negotiated again."""


@dataclass
class Peer:
    """One browser's connection: whose call it is on, and the ``credential`` that began it, empty for none.

    It is ``over`` once the call has ended, or its browser has hung up.
    """

    agent: str
    connection: SmallWebRTCConnection
    credential: str
    names: list[str] = field(default_factory=list)
    rate: RenegotiationRate = field(default_factory=RenegotiationRate)
    candidates: int = 0
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False
    timer: asyncio.TimerHandle | None = None


class Peers:
    """Keeps each connection for as long as its call is up, by the names that its browser knows.

    ``mark`` makes a connection's name one that says whose it is.
    """

    def __init__(self, mark: Callable[[str], str] = str, ice_servers: IceServers | None = None) -> None:
        self._mark = mark
        self._ice_servers = ice_servers or IceServers()
        self._peers: dict[str, Peer] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def find(self, agent: str, name: str) -> Peer | None:
        """The connection of ``agent`` with this name (``pc_id``), or None."""
        peer = self._peers.get(name)
        return peer if peer and peer.agent == agent else None

    def knows(self, agent: str, credential: str) -> bool:
        """Whether a call of ``agent`` that is up was begun with ``credential``."""
        return any(peer.agent == agent and peer.credential == credential for peer in self._peers.values())

    def of(self, credential: str) -> Peer | None:
        """The connection of the call that is up and was begun with ``credential``."""
        return next((peer for peer in self._peers.values() if peer.credential == credential), None)

    async def open(
        self,
        agent: str,
        sdp: str,
        credential: str,
        use: Callable[[], Awaitable[None]],
        begin: Callable[[SmallWebRTCConnection], asyncio.Future[object]],
    ) -> dict[str, str]:
        """Answer the offer of a new browser; ``begin`` starts its call.

        Before that ``use`` uses up what may begin one. Raises what both do, and what aiortc does for an
        offer that it can't read.
        """
        connection = SmallWebRTCConnection(self._aiortc_servers())
        peer = Peer(agent, connection, credential)
        try:
            await connection.initialize(sdp=_open_ended(sdp), type="offer")
            await use()
            begin(connection).add_done_callback(lambda _: self._forget(peer))
            self._watch(peer)
        except BaseException:
            await connection.disconnect()
            raise
        return self._answer(peer)

    async def renegotiate(self, peer: Peer, sdp: str, *, restart: bool) -> dict[str, str]:
        """Answer another offer of a browser that is on a call, which goes on.

        With ``restart`` its old connection is given up for a new one. Raises what aiortc does for an offer
        that it can't read: the old connection stays then, unless it was given up already, with which the call
        ends. Raises PeerGoneError where the call has ended meanwhile.
        """
        SessionDescription.parse(sdp)
        async with peer.busy:
            if peer.over:
                raise PeerGoneError
            try:
                if restart:
                    # a new connection begins with fresh credentials
                    peer.connection.ice_servers = self._aiortc_servers()
                await peer.connection.renegotiate(sdp=_open_ended(sdp), type="offer", restart_pc=restart)
            except BaseException:
                if restart:
                    await peer.connection.disconnect()
                raise
            if peer.over:
                await peer.connection.disconnect()
                raise PeerGoneError
            if restart:
                self._watch(peer)
            return self._answer(peer)

    async def hang_up(self, peer: Peer) -> None:
        """End the call of ``peer``, for its browser can't say so over a connection that was lost."""
        peer.over = True
        async with peer.busy:
            await peer.connection.disconnect()

    async def add(self, peer: Peer, name: str, candidates: Sequence[IceCandidate]) -> None:
        """Add candidates that came late; those of a connection that was given up are dropped.

        So are those beyond ``MOST_CANDIDATES`` of one connection: each is tried with each of this machine's.
        """
        if name != peer.names[-1]:
            return
        for one in candidates[: MOST_CANDIDATES - peer.candidates]:
            peer.candidates += 1
            # an empty one is the end of them (RFC 8840), as in an offer
            if one.candidate:
                candidate = candidate_from_sdp(one.candidate)
                candidate.sdpMid, candidate.sdpMLineIndex = one.sdp_mid, one.sdp_mline_index
                await peer.connection.add_ice_candidate(candidate)

    async def close(self) -> None:
        """Close what is still open."""
        peers = {id(peer): peer for peer in self._peers.values()}.values()
        await asyncio.gather(*(peer.connection.disconnect() for peer in peers), *self._closing)
        self._peers.clear()

    def _aiortc_servers(self) -> list[IceServer]:
        return [IceServer(**one) for one in self._ice_servers.for_aiortc()]

    def _answer(self, peer: Peer) -> dict[str, str]:
        answer: dict[str, str] | None = peer.connection.get_answer()
        if answer is None:
            raise RuntimeError("the connection has no answer")
        name = self._mark(answer["pc_id"])
        if name not in peer.names:
            peer.names.append(name)
            peer.candidates = 0
        for old in peer.names[:-_MOST_NAMES]:
            self._peers.pop(old, None)
        peer.names = peer.names[-_MOST_NAMES:]
        if not peer.over:
            self._peers |= dict.fromkeys(peer.names, peer)
        return {**answer, "pc_id": name}

    def _watch(self, peer: Peer) -> None:
        """Give up a connection that has not come about in time.

        Pipecat's own timer, which is longer, is ended by the closing that it begins: nothing is closed then,
        and who closes it once more waits for ever.
        """
        if peer.timer:
            peer.timer.cancel()
        loop = asyncio.get_running_loop()
        peer.timer = loop.call_later(CONNECT_SECONDS, self._give_up, peer)

    def _give_up(self, peer: Peer) -> None:
        if peer.connection.pc.connectionState in ("new", "connecting"):
            logger.warning("{}: no connection to a browser came about in time", peer.agent)
            self._close(peer)

    def _close(self, peer: Peer) -> None:
        closing = asyncio.create_task(peer.connection.disconnect())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _forget(self, peer: Peer) -> None:
        peer.over = True
        if peer.timer:
            peer.timer.cancel()
        for name in peer.names:
            self._peers.pop(name, None)
        # a session that broke has left it open
        self._close(peer)


def _open_ended(sdp: str) -> str:
    """An offer that does not say that the browser has no other address than those in it.

    Firefox says so, and hides its addresses behind names that few networks resolve (mDNS). aiortc gives up at
    once then, before the browser has found this machine from an address that nobody told (RFC 8445, 7.3.1.3).
    """
    lines = sdp.splitlines(keepends=True)
    return "".join(line for line in lines if line.strip() != "a=end-of-candidates")
