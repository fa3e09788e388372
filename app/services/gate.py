"""Bounds how fast identities are given out to one address. Votes are never bounded by address.

Thousands of honest phones share one address of a carrier or a hall, so pressure asks for work before it refuses: the
first phones of a minute join freely, the next solve a puzzle, and only ten times as many are told to wait. Lives on
the event loop. Addresses stay in memory, or in Redis, for a minute or two and are written nowhere. A challenge can be
spent once: in this process, or in all where Redis is there.
"""

import hmac
import ipaddress
import secrets
import time
from typing import NoReturn

from limits import RateLimitItemPerMinute

from app.cluster.redis_line import RedisLine
from app.cluster.windows import Windows
from app.domain import work
from app.domain.clock import Clock
from app.domain.errors import TooManyRequests, WorkRequired
from app.settings import Settings

HARD_FACTOR = 10
TICKETS_WRONG_PER_MINUTE = 60
CHALLENGE_MS = 120_000
_IPV6_BITS = 64
"""A household has a whole such network, and a phone takes another address of it as it likes."""


class Gate:
    def __init__(self, settings: Settings, clock: Clock, secret: str, redis: RedisLine | None) -> None:
        self._clock = clock
        self._bits = settings.join_work_bits
        # Of several processes one gives the challenge and another may be shown the work.
        self._key = secrets.token_bytes(32) if redis is None else hmac.digest(secret.encode(), b"gate", "sha256")
        self._spent: dict[str, int] = {}
        self._redis = redis
        self._windows = Windows(redis)
        free = settings.join_free_per_minute
        self._free = RateLimitItemPerMinute(free, namespace="free")
        self._worked = RateLimitItemPerMinute(free * (HARD_FACTOR - 1), namespace="worked")
        self._asked = RateLimitItemPerMinute(free * HARD_FACTOR, namespace="asked")
        self._wrong = RateLimitItemPerMinute(TICKETS_WRONG_PER_MINUTE, namespace="wrong")

    async def admit(self, code: str, address: str, challenge: str, solution: str) -> None:
        """Let a phone join that shows nothing but itself.

        Raises:
            WorkRequired: with a challenge; also where the work brought is none.
            TooManyRequests
        """
        if challenge:
            await self._take_work(code, address, challenge, solution)
        elif not await self._windows.hit(self._free, address):
            await self._ask(code, address, "Many are joining from this network; do the piece of work and join again.")

    async def admit_ticket(self, code: str, address: str, challenge: str, solution: str) -> None:
        """Let a ticket be tried. Freely, until many wrong ones have come from this address.

        Raises:
            WorkRequired, TooManyRequests
        """
        if await self._windows.test(self._wrong, address):
            return
        if challenge:
            await self._take_work(code, address, challenge, solution)
        else:
            await self._ask(
                code, address, "Many wrong tickets came from this network; do the piece of work and try again."
            )

    async def ticket_was_wrong(self, address: str) -> None:
        await self._windows.hit(self._wrong, address)

    async def _take_work(self, code: str, address: str, challenge: str, solution: str) -> None:
        now_ms = self._clock.now_ms()
        found = work.terms(self._key, code, challenge)
        if found is None or found[0] <= now_ms or challenge in self._spent:
            await self._ask(code, address, "This piece of work is over or was used; do the new one and join again.")
        expires_at_ms, bits = found
        if not work.solves(challenge, solution, bits):
            await self._ask(code, address, "The piece of work is not done; do the new one and join again.")
        # Before anything is awaited, or two could spend it at once.
        self._spent[challenge] = expires_at_ms
        taken = f"arena:spent:{challenge}"
        if self._redis is not None and await self._redis.once(taken, CHALLENGE_MS // 1000) is False:
            await self._ask(code, address, "This piece of work was used; do the new one and join again.")
        if not await self._windows.hit(self._worked, address):
            del self._spent[challenge]
            await self._refuse(self._worked, address)
        self._forget(now_ms)

    async def _ask(self, code: str, address: str, sentence: str) -> NoReturn:
        if not await self._windows.hit(self._asked, address):
            await self._refuse(self._asked, address)
        expires_at_ms = self._clock.now_ms() + CHALLENGE_MS
        made = work.challenge(self._key, code, self._bits, expires_at_ms, secrets.token_bytes(work.RANDOM_BYTES))
        raise WorkRequired(sentence, challenge=made, bits=self._bits, expires_at_ms=expires_at_ms)

    async def _refuse(self, window: RateLimitItemPerMinute, address: str) -> NoReturn:
        # The library's windows end by the machine's clock, not by ours.
        ends_s = (await self._windows.stats(window, address)).reset_time
        wait_s = min(60, max(1, round(ends_s - time.time())))
        raise TooManyRequests(
            "Too many phones are joining from this network; try again in a minute.", retry_after_s=wait_s
        )

    def _forget(self, now_ms: int) -> None:
        # All live equally long, so the oldest stand first.
        while self._spent and self._spent[oldest := next(iter(self._spent))] <= now_ms:
            del self._spent[oldest]


def address_key(host: str | None) -> str:
    """Return what counts as one address: an IPv4 address, or the network of an IPv6 one."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_BITS), strict=False))
    return str(address)
