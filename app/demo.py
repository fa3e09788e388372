"""The demonstration: the first bout of 先锋擂台, run against a running service.

It is one more client: it makes the session, gives the commands and reads the tally through the public API,
while a simulated crowd plays. It owns the crowd's task; the service itself belongs to the caller.
"""

import asyncio
import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TextIO, cast
from urllib.parse import urlsplit

import httpx2
import segno
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

from app.crowd import CrowdError, CrowdOptions, CrowdReport, print_report, simulate

EXAMPLE = Path(__file__).parent.parent / "examples" / "first-bout.json"
GLANCE_S = 4.0
CLOSING_S_MAX = 15.0
"""How long a round may stay in `closing`: the greatest delay of the example's channels, and reserve."""
CHANNELS = {"web": 0.5, "wechat": 0.35, "radio": 0.15}


class DemoError(Exception):
    """The demonstration cannot go on; the sentence says why."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to show and where. `token` is an admin access token."""

    base_url: str
    """Where the service answers this process."""
    token: str
    public_url: str = ""
    """Where phones reach it; empty: the same address."""
    code: str | None = None
    voters: int = 200
    likes_rate: float = 160.0
    seed: int = 74
    """This one lets each side win a round, and the last one be close."""
    pace: float = 1.0
    """How many times as long everything takes; tests go faster."""
    leave: bool = False
    """Return at the end, instead of waiting until cancelled."""


class Addresses(NamedTuple):
    phone: str
    overlay: str
    console: str
    report: str


class Cue(NamedTuple):
    """What happens `at_s` seconds into the bout: a command to the session, and what is said about it."""

    at_s: float
    command: str
    chinese: str
    english: str


BOUT = (
    Cue(0, "overlay/qr", "屏幕出二维码，观众扫码进场", "The QR code is on screen; people come in"),
    Cue(7, "overlay/lower_third", "人名条：介绍两位书记", "Lower third: the two secretaries"),
    Cue(12, "rounds/1/open", "第一回合 观点PK 开启", "Round 1, views, is open"),
    Cue(12.5, "overlay/board", "比分板上屏", "The board is on screen"),
    Cue(24, "rounds/1/pause", "编导暂停：主持人插话", "Paused: the host has a word"),
    Cue(28, "rounds/1/resume", "恢复投票", "Voting goes on"),
    Cue(38, "rounds/1/lock", "第一回合截止，等候微信延时", "Round 1 closes; WeChat lags"),
    Cue(42, "rounds/1/reveal", "导播揭晓第一回合", "The director reveals round 1"),
    Cue(42.5, "overlay/result", "结果上屏", "The result is on screen"),
    Cue(49, "overlay/lower_third", "人名条：书记谈成效", "Lower third: the secretaries on their results"),
    Cue(
        53,
        "rounds/2/open",
        "第二回合 成效PK 开启，票数保密",
        "Round 2 is open, its votes hidden",
    ),
    Cue(53.5, "overlay/board", "比分板只显示参与人数", "The board shows the turnout alone"),
    Cue(72, "rounds/2/lock", "第二回合截止", "Round 2 closes"),
    Cue(76, "rounds/2/reveal", "导播揭晓第二回合", "The director reveals round 2"),
    Cue(76.5, "overlay/result", "结果上屏", "The result is on screen"),
    Cue(
        83,
        "rounds/3/open",
        "决胜回合开启，12 秒后自动截止",
        "The last round; it closes by itself",
    ),
    Cue(83.5, "overlay/board", "比分板上屏", "The board is on screen"),
    Cue(99, "rounds/3/reveal", "导播揭晓决胜回合", "The director reveals it"),
    Cue(99.5, "overlay/result", "结果上屏", "The result is on screen"),
)
BOUT_S = 106.0


def reachable_url(host: str, port: int) -> str:
    """Return the address at which other machines reach a service that listens on `host`.

    Where it listens everywhere, the machine's own address towards the network; no packet is sent to find it.
    """
    name = host
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  # compared, not bound
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
                name = str(probe.getsockname()[0])
            except OSError:
                name = "127.0.0.1"
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def demo_addresses(public_url: str, code: str, token: str) -> Addresses:
    """Return where a session's pages are. The token stands in the fragment, which no server sees or logs."""
    base = public_url.rstrip("/")
    return Addresses(
        phone=f"{base}/v/{code}",
        overlay=f"{base}/overlay/{code}",
        console=f"{base}/console#session={code}&token={token}",
        report=f"{base}/report/{code}",
    )


def print_addresses(console: Console, addresses: Addresses) -> None:
    """Print the addresses and the phone page's QR code."""
    console.print()
    names = ("手机 phone", "大屏 overlay", "控制台 console", "报告 report")
    for name, address in zip(names, addresses, strict=True):
        # One unbroken line each: terminals make it a link, and nothing is cut from the token.
        padding = " " * (15 - cell_len(name))
        console.print(f"[bold]{name}[/]{padding}{escape(address)}", soft_wrap=True, highlight=False)
    if urlsplit(addresses.phone).hostname in ("127.0.0.1", "localhost", "::1"):
        console.print("[yellow]只有本机能打开这些地址。[/] Only this machine reaches these addresses.", highlight=False)
    console.print()
    if "utf" in (console.encoding or ""):
        segno.make(addresses.phone, error="m").terminal(cast("TextIO", console.file), compact=True)


async def run_bout(options: DemoOptions, *, console: Console | None = None) -> CrowdReport:
    """Run the whole bout, about 110 seconds, then wait until cancelled (or return, where `leave` is set).

    Cancel it to end it: the crowd's connections are dropped, the session stays as it is.

    Raises:
        DemoError: the service refuses a command, or the crowd broke down.
    """
    console = console or Console()
    headers = {"authorization": f"Bearer {options.token}"}
    try:
        async with httpx2.AsyncClient(
            base_url=options.base_url, headers=headers, timeout=10, trust_env=False
        ) as client:
            report = await _play(client, options, console)
    except (CrowdError, httpx2.TransportError) as error:
        raise DemoError(f"The demonstration broke off: {error}") from error
    print_report(console, report)
    if not options.leave:
        console.print("\n[bold]擂台继续运行，按 Ctrl-C 结束。[/] The arena keeps running; Ctrl-C ends it.")
        await asyncio.Event().wait()
    return report


async def _play(client: httpx2.AsyncClient, options: DemoOptions, console: Console) -> CrowdReport:
    code = await _make_session(client, options)
    print_addresses(console, demo_addresses(options.public_url or options.base_url, code, options.token))
    stop = asyncio.Event()
    crowd = asyncio.create_task(simulate(_crowd_options(options, code), stop=stop), name="demo-crowd")
    try:
        await _Bout(client, console, code, options.pace).run(crowd)
        stop.set()
        return await crowd
    finally:
        crowd.cancel()
        await asyncio.gather(crowd, return_exceptions=True)


def _crowd_options(options: DemoOptions, code: str) -> CrowdOptions:
    return CrowdOptions(
        base_url=options.base_url,
        code=code,
        voters=options.voters,
        likes_rate=options.likes_rate,
        # It is stopped when the bout is over.
        seconds=BOUT_S * options.pace + 600,
        channels=CHANNELS,
        round_s=18 * options.pace,
        favour=0.5,
        seed=options.seed,
        token=options.token,
        # Whoever scans the code plays along, so the tally may hold more than the crowd's.
        alone=False,
    )


async def _make_session(client: httpx2.AsyncClient, options: DemoOptions) -> str:
    try:
        body = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DemoError(
            "examples/first-bout.json is missing; run the demonstration from a clone of the project."
        ) from None
    if options.code:
        body["code"] = options.code
    for timed, name, least in ((body["rounds"], "duration_ms", 1_000), (body["channels"], "delay_ms", 0)):
        for each in timed:
            if each.get(name):
                each[name] = max(least, int(each[name] * options.pace))
    answer = await client.post("/api/v1/sessions", json=body)
    if answer.status_code != 201:
        raise DemoError(f"The session could not be made: {_reason(answer)}")
    return str(answer.json()["code"])


class _Bout:
    """One run of the timetable."""

    def __init__(self, client: httpx2.AsyncClient, console: Console, code: str, pace: float) -> None:
        self._client, self._console, self._pace = client, console, pace
        self._path = f"/api/v1/sessions/{code}"
        self._began = time.monotonic()

    async def run(self, crowd: "asyncio.Task[CrowdReport]") -> None:
        """Go through the timetable; ends early when the crowd breaks down."""
        for cue in BOUT:
            await self._until(cue.at_s, crowd)
            await self._command(cue.command)
            await self._tell(cue)
        await self._until(BOUT_S, crowd)

    async def _until(self, at_s: float, crowd: "asyncio.Task[CrowdReport]") -> None:
        """Wait for a moment of the bout, with a line of figures every few seconds."""
        end = self._began + at_s * self._pace
        glance_s = GLANCE_S * self._pace
        while (left := end - time.monotonic()) > 0:
            if crowd.done():
                # Nothing but an error ends the crowd before the bout does.
                crowd.result()
            await asyncio.sleep(min(left, glance_s))
            if left > glance_s:
                await self._tell_figures()

    async def _command(self, command: str) -> None:
        """Give a command; one that comes while the round is still closing is given again."""
        deadline = time.monotonic() + CLOSING_S_MAX
        while True:
            answer = await self._client.post(f"{self._path}/{command}")
            if answer.status_code == 200:
                return
            closing = answer.status_code == 409 and answer.json().get("phase") in ("open", "closing")
            if not closing or time.monotonic() > deadline:
                raise DemoError(f"{command} was refused: {_reason(answer)}")
            await asyncio.sleep(0.25)

    async def _tell(self, cue: Cue) -> None:
        at_s = int(time.monotonic() - self._began)
        self._print(f"[dim]{at_s // 60}:{at_s % 60:02}[/]  [bold]{cue.chinese}[/] [dim]·[/] {cue.english}")
        if cue.command.startswith("rounds/"):
            await self._tell_figures()

    async def _tell_figures(self) -> None:
        """Say how the current round stands, as the public may see it."""
        answer = await self._client.get(f"{self._path}/tally", headers={"authorization": ""})
        text = _figures_text(answer.json()) if answer.status_code == 200 else f"[red]{escape(_reason(answer))}[/]"
        self._print(f"      {text}")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False)


def _figures_text(document: dict[str, Any]) -> str:
    audience = document["audience"]
    online = f"[dim]在线 online {audience['online']:,}[/]"
    if document["round"] is None or document["round"]["phase"] == "draft":
        return online
    if document["tally"] is None:
        return f"票数保密 hidden · 参与 turnout {document['round']['turnout']:,}  {online}"
    colours = {"red": "red", "blue": "blue"}
    sides = [
        f"[{colours.get(choice['key'], 'default')}]{escape(choice['name'])} {choice['pct_text']} "
        f"{choice['votes']:,} 票 {choice['likes']:,} 赞[/]"
        for choice in document["tally"]["choices"]
    ]
    return f"{' : '.join(sides)}  {online}"


def _reason(answer: httpx2.Response) -> str:
    try:
        problem = answer.json()
        return f"{answer.status_code} {problem['code']}, {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"the service answered {answer.status_code}"
