"""The connections of simulated phones: a WebSocket each for most, HTTP polling for the others.

Thin shells around `Player`: they move bytes, keep time and come back after a cut. One task a phone; timers
and answers run on the same event loop. They decide nothing about votes or likes.
"""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from app.crowd.board import Board
from app.crowd.line import Address, Answer, HttpLine
from app.crowd.options import CrowdOptions
from app.crowd.player import NEVER, Ask, Player
from app.crowd.record import Record
from app.crowd.work import Worker

HOPELESS = {4400, 4401, 4403, 4404, 1009}
"""Close codes after which a client does not come back: this crowd gives no cause for them."""
WAIT_10_S = {4429, 4503}


class Ground:
    """What all phones of one crowd share."""

    def __init__(self, options: CrowdOptions, board: Board, record: Record) -> None:
        self.options, self.board, self.record = options, board, record
        self.address = Address.of(options.base_url)
        self.gate = asyncio.Semaphore(options.joins_at_once)
        """Bounds how many joins and handshakes are under way at once."""
        self.worker = Worker()
        self.joined = 0
        self.online = 0
        self.api = f"/api/v1/sessions/{options.code}"
        self.socket_url = f"ws{options.base_url[4:].rstrip('/')}/ws/sessions/{options.code}"
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a short piece of work, such as one send, and keep it from being collected."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def ended(self, task: asyncio.Task[None]) -> None:
        """Note a task that broke: an answer outside the contract ends a phone, and must be seen."""
        if not task.cancelled() and task.exception() is not None:
            self.record.fault(f"a simulated phone could not go on: {task.exception()!r}")

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.ended(task)


class Phone:
    """What both kinds of phone have: a player, a timer, a way to join."""

    def __init__(self, ground: Ground, player: Player, channel: str) -> None:
        self.ground, self.player, self.channel = ground, player, channel
        self.line = HttpLine(ground.address)
        self.token = ""
        self._rng = Random(player.number)  # noqa: S311  # jitter
        self._timer: asyncio.Handle | None = None
        self._timer_at = NEVER
        self._loop = asyncio.get_running_loop()

    def arm(self) -> None:
        """Set the timer for what the player has to do next; an earlier one stays, it does no harm."""
        due = self.player.due()
        if due >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = self._loop.call_at(due, self._wake), due

    def disarm(self) -> None:
        """Let the timer go; for the end."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = None, NEVER

    def hang_up(self) -> None:
        """Drop the connections that no task closes by itself."""
        self.line.close()

    def _wake(self) -> None:
        self._timer, self._timer_at = None, NEVER
        asks = self.player.act(self._loop.time())
        if asks:
            self.send(asks)
        self.arm()

    def send(self, asks: list[Ask]) -> None:
        """Send what the player asks; answers come back by themselves."""
        raise NotImplementedError

    async def run(self) -> None:
        """Join, then take part until cancelled."""
        raise NotImplementedError

    def set_online(self, online: bool) -> None:
        """Tell the player whether it can send now."""
        if online == self.player.online:
            return
        self.ground.online += 1 if online else -1
        if online:
            self.player.connected(self._loop.time())
            self.arm()
        else:
            self.player.cut_off()

    async def join(self) -> None:
        """Get a device token; tries until the service answers."""
        ground = self.ground
        wanted: dict[str, Any] = {"channel": self.channel}
        while not self.token:
            async with ground.gate:
                answer = await self._try("POST", f"{ground.api}/join", {}, orjson.dumps(wanted))
            # Work is good once, and only for its time: the next try brings none unless it is asked.
            wanted.pop("work", None)
            if answer is not None and answer.status in (200, 201):
                self.token = str(orjson.loads(answer.body)["token"])
                ground.joined += 1
                return
            if answer is not None and answer.status == 428:
                asked = _fields(answer)
                ground.record.counts["joins_with_work"] += 1
                solution = await ground.worker.solve(asked["challenge"], asked["bits"])
                wanted["work"] = {"challenge": asked["challenge"], "solution": solution}
                continue
            if answer is not None:
                code = _fields(answer).get("code", answer.status)
                ground.record.refusals[f"join {code}"] += 1
                if answer.status not in (429, 503):
                    ground.record.fault(f"voter {self.player.number}: join was refused with {answer.status} {code}")
            await self.pause(_retry_after_s(answer))

    async def pause(self, least_s: float = 0.0) -> None:
        """Wait before the next try, with jitter."""
        low, high = self.ground.options.reconnect_s
        await asyncio.sleep(least_s + self._rng.uniform(low, high))

    async def _try(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        line: HttpLine | None = None,
    ) -> Answer | None:
        """Make one request; None where there was no answer."""
        try:
            return await (line or self.line).request(method, path, headers, body, self.ground.options.answer_timeout_s)
        except (OSError, TimeoutError):
            self.ground.record.counts["broken_requests"] += 1
            return None


class SocketPhone(Phone):
    """A phone with a WebSocket."""

    _socket: ClientConnection | None = None

    async def run(self) -> None:
        ground, counts = self.ground, self.ground.record.counts
        await self.join()
        self.line.close()
        least_s = 0.0
        while True:
            try:
                async with ground.gate:
                    socket = await connect(
                        ground.socket_url, compression=None, ping_interval=None, open_timeout=10,
                        close_timeout=1, proxy=None, user_agent_header=None,
                    )  # fmt: skip
                counts["sockets_opened"] += 1
                least_s = await self._take_part(socket)
            except InvalidStatus as refusal:
                ground.record.refusals[f"socket {refusal.response.status_code}"] += 1
                least_s = 1.0
            except (OSError, TimeoutError, InvalidHandshake):
                counts["sockets_failed"] += 1
                least_s = 0.0
            if least_s == NEVER:
                return
            await self.pause(least_s)

    async def _take_part(self, socket: ClientConnection) -> float:
        """Read until the socket ends. Returns the least wait before the next one, NEVER for none."""
        self._socket = socket
        try:
            await socket.send(_text({"type": "hello", "token": self.token}))
            first = await socket.recv(decode=False)
            if self.ground.board.read(first) is None:
                self.ground.record.fault(f"voter {self.player.number}: the first frame was no tally: {first[:80]!r}")
            self._take(first)
            while True:
                self._take(await socket.recv(decode=False))
        except ConnectionClosed as end:
            code = end.rcvd.code if end.rcvd else 1006
        finally:
            self.set_online(False)
            self._socket = None
            if socket.state.name == "OPEN":
                await socket.close()
        self.ground.record.closes[code] += 1
        if code in HOPELESS:
            self.ground.record.fault(f"voter {self.player.number}: the socket was closed with {code}")
            return NEVER
        return 10.0 if code in WAIT_10_S else 0.0

    def _take(self, raw: bytes) -> None:
        ground, player = self.ground, self.player
        ground.record.counts["frames"] += 1
        sight = ground.board.read(raw)
        if sight is not None:
            if player.sees(sight, self._loop.time()):
                self.arm()
            return
        message = orjson.loads(raw)
        match message.get("type"):
            case "receipt" | "liked":
                player.answered(message["id"], True, message, self._loop.time())
            case "problem" if message.get("id"):
                player.answered(message["id"], False, message, self._loop.time())
            case "problem":
                ground.record.refusals[f"socket {message.get('code')}"] += 1
                ground.record.fault(f"voter {player.number}: {message.get('code')}: {message.get('detail')}")
            case "welcome":
                self.set_online(True)
            case _:
                return
        self.arm()

    def send(self, asks: list[Ask]) -> None:
        if self._socket is not None:
            self.ground.spawn(self._send(self._socket, asks))

    async def _send(self, socket: ClientConnection, asks: list[Ask]) -> None:
        try:
            for ask in asks:
                await socket.send(_text({"type": ask.kind, "id": ask.id, "round": ask.key[0], **ask.body}))
        except ConnectionClosed:
            return  # The reader sees it too and tells the player.


class PollingPhone(Phone):
    """A phone without a WebSocket: it polls the tally and puts votes and likes by HTTP."""

    def __init__(self, ground: Ground, player: Player, channel: str) -> None:
        super().__init__(ground, player, channel)
        self._etag = ""
        self._spare: list[HttpLine] = []

    async def run(self) -> None:
        ground = self.ground
        await self.join()
        interval_s = ground.options.poll_interval_s
        await asyncio.sleep(self._rng.uniform(0, interval_s))
        while True:
            if await self._poll():
                self.set_online(True)
                await asyncio.sleep(interval_s * self._rng.uniform(0.9, 1.1))
            else:
                self.set_online(False)
                await self.pause()

    async def _poll(self) -> bool:
        record = self.ground.record
        headers = {"if-none-match": self._etag} if self._etag else {}
        # Half of the pollers ask as a cache in front of the service would; the others for the voter's own
        # view, which alone shows an `after_vote` tally.
        if self.player.number % 2 or self.player.visibility == "after_vote":
            headers["authorization"] = f"Bearer {self.token}"
        answer = await self._try("GET", f"{self.ground.api}/tally", headers, None)
        if answer is None:
            return False
        record.counts["polls"] += 1
        if answer.status == 304:
            record.counts["polls_unchanged"] += 1
            return True
        if answer.status != 200:
            record.refusals[f"poll {_fields(answer).get('code', answer.status)}"] += 1
            return answer.status < 500
        self._etag = answer.headers.get("etag", "")
        sight = self.ground.board.read(answer.body)
        if sight is None:
            record.fault(f"voter {self.player.number}: a poll was answered with no tally: {answer.body[:80]!r}")
        elif self.player.sees(sight, self._loop.time()):
            self.arm()
        return True

    def hang_up(self) -> None:
        super().hang_up()
        for line in self._spare:
            line.close()

    def send(self, asks: list[Ask]) -> None:
        for ask in asks:
            self.ground.spawn(self._put(ask))

    async def _put(self, ask: Ask) -> None:
        """Put one vote or like; a double tap is two at once, so a busy connection is not waited for."""
        line = self._spare.pop() if self._spare else HttpLine(self.ground.address)
        path = f"{self.ground.api}/rounds/{ask.key[0]}/{'vote' if ask.kind == 'vote' else 'likes'}"
        headers = {"authorization": f"Bearer {self.token}"}
        answer = await self._try("PUT", path, headers, orjson.dumps(ask.body), line)
        now = self._loop.time()
        if answer is None:
            self.player.lost(ask.id, now)
        else:
            good = answer.status == 200
            fields = _fields(answer)
            if not good:
                fields = {"status": answer.status, **fields, "retry_after": _retry_after_s(answer)}
            self.player.answered(ask.id, good, fields, now)
            self._spare.append(line)
        self.arm()


def _text(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()


def _fields(answer: Answer) -> dict[str, Any]:
    try:
        fields = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _retry_after_s(answer: Answer | None) -> float:
    text = answer.headers.get("retry-after", "") if answer is not None else ""
    return float(text) if text.isdigit() else 0.0
