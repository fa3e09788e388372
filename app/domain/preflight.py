"""What must be right before a show: facts in, findings out. Pure; the facts are gathered by `services.preflight`.

Each finding is green, amber or red, with a sentence in Chinese and English that says what to do. Red means: do not go
on air. A fact that could not be had in time is amber, with the reason. docs/preflight.md lists the bounds.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from app.domain.preflight_rounds import Level, Said, contestants_wrong, options_wrong, timings_wrong
from app.domain.preflight_words import WORDS
from app.domain.roles import Role
from app.domain.session import Session

T = TypeVar("T")

SHOW_MS = 4 * 3_600_000
"""So long after its start, or after now, a show is taken to last: tokens must live until then."""
DAY_MS = 86_400_000
OVERLAY_SILENT_MS = 10_000
BACKUP_AHEAD_MS = 60_000
"""A file server's clock may differ a little; what is dated later still says nothing of when it was made."""
CONSOLE_AMBER_MS, CONSOLE_RED_MS = 1_000, 10_000
MACHINE_AMBER_MS, MACHINE_RED_MS = 1_000, 10_000
SHARED_AMBER_MS, SHARED_RED_MS = 500, 2_000
DISK_RED_BYTES, DISK_AMBER_BYTES = 512 * 1024**2, 2 * 1024**3
DATABASE_AMBER_MS, REDIS_AMBER_MS, ADDRESS_AMBER_MS = 200, 100, 1_000
ROLES = (Role.PRODUCER, Role.DIRECTOR, Role.SCRUTINEER, Role.OVERLAY)
_ROLE_ZH = {Role.PRODUCER: "编导", Role.DIRECTOR: "导播", Role.SCRUTINEER: "监票员", Role.OVERLAY: "图文包装"}


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    level: Level
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be had; `reason` says why in a few words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Totals:
    votes: int
    likes: int


@dataclass(frozen=True, slots=True)
class Clocks:
    """How far this process's clock is ahead, in ms, of the machine's and of the database's (None: no such clock);
    how far the last commit of any process was ahead of the database; whether time servers set the machine's clock.
    """

    machine_ms: int
    database_ms: int | None = None
    commits_ms: int | None = None
    synchronised: bool | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    free_bytes: int
    elsewhere: bool = False
    """The database is on another machine, whose disk is not seen from here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked answered after so long, or failed with a reason."""

    took_ms: int
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """The public address: what its name leads to, and whether the QR fetched by it is the right one."""

    url: str
    hosts: tuple[str, ...] = ()
    """The name itself and the addresses that it leads to."""
    answer: Answer | None = None
    """None: the name leads nowhere."""
    qr_is_ours: bool = False
    """What answered is, module by module, the QR of this session's public address."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What an overlay said of itself last. `verified`: by an access token; without one anybody may claim to be one."""

    name: str
    silent_ms: int
    verified: bool = True
    bus: str = "programme"
    visible: bool = True

    @property
    def counts(self) -> bool:
        """Say whether what it shows is seen on air. A hidden source may sleep, and is not missed."""
        return self.verified and self.bus == "programme" and self.visible


@dataclass(frozen=True, slots=True)
class Token:
    """A valid token that may act in this session."""

    role: Role
    expires_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Backup:
    at_ms: int | None
    """None: none was ever noted."""
    by_database: bool = False
    """PostgreSQL's own tools make it; `arena backup --noted` writes it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    now_ms: int
    session: Session
    totals: Totals | Unknown
    console_ahead_ms: int | None
    """None: the asker did not say its time."""
    clocks: Clocks | Unknown
    disk: Disk | Unknown
    database: Answer | Unknown
    redis: Answer | Unknown | None
    """None: there is none, and none is needed."""
    reach: Reach | Unknown
    overlays: tuple[Overlay, ...] | Unknown
    tokens: tuple[Token, ...] | Unknown
    backup: Backup | Unknown


def findings(facts: Facts) -> list[Finding]:
    """Judge every fact, in the order of the list that people read."""
    session, now_ms = facts.session, facts.now_ms
    judged: list[tuple[str, Said | list[Said]]] = [
        ("contestants", _worst(contestants_wrong(session), "contestants_well")),
        ("options", _worst(options_wrong(session), "options_well")),
        ("totals", _known(facts.totals, lambda known: _totals(session, known))),
        ("timings", _worst(timings_wrong(session, now_ms), "timings_well")),
        ("console_clock", _console_clock(facts.console_ahead_ms)),
        ("service_clock", _known(facts.clocks, _service_clock)),
        ("disk", _known(facts.disk, _disk)),
        ("database", _known(facts.database, _database)),
        ("redis", _known(facts.redis, _redis)),
        ("address", _known(facts.reach, _address)),
        ("qr", _known(facts.reach, lambda known: _qr(session.code, known))),
        ("overlays", _known(facts.overlays, _overlays)),
    ]
    until_ms = max(now_ms, session.starts_at_ms or 0) + SHOW_MS
    judged += [(f"token_{each}", _known(facts.tokens, partial(_token, each, until_ms))) for each in ROLES]
    judged.append(("backup", _known(facts.backup, lambda known: _backup(known, now_ms))))
    return [_finding(check, said) for check, said in judged]


def verdict(found: Sequence[Finding]) -> Level:
    """Return the worst level of all."""
    levels = {each.level for each in found}
    return next((level for level in (Level.RED, Level.AMBER) if level in levels), Level.GREEN)


def _finding(check: str, said: Said | list[Said]) -> Finding:
    parts = said if isinstance(said, list) else [said]
    zh, en = ([WORDS[key][column].format(**values) for _, key, values in parts] for column in (0, 1))
    return Finding(check, parts[0][0], "".join(zh), " ".join(en))


def _known(fact: T | Unknown, judge: Callable[[T], Said]) -> Said:
    if isinstance(fact, Unknown):
        return Level.AMBER, "unknown", {"reason": fact.reason}
    return judge(fact)


def _worst(wrong: list[Said], well: str) -> Said | list[Said]:
    """Of what is wrong keep the worst, three sentences at most."""
    level = Level.RED if any(each[0] is Level.RED for each in wrong) else Level.AMBER
    return [each for each in wrong if each[0] is level][:3] or (Level.GREEN, well, {})


def _totals(session: Session, known: Totals) -> Said:
    if known.votes or known.likes:
        # Without the figures: a sealed round's stand in nobody's view.
        return Level.RED, "totals_there", {}
    if session.status != "draft":
        return Level.AMBER, "totals_used", {}
    return Level.GREEN, "totals_well", {}


def _console_clock(ahead_ms: int | None) -> Said:
    if ahead_ms is None:
        return Level.AMBER, "console_untold", {}
    values = {"s": _s(abs(ahead_ms))}
    if abs(ahead_ms) >= CONSOLE_RED_MS:
        return Level.RED, "console_far_off", values
    if abs(ahead_ms) >= CONSOLE_AMBER_MS:
        return Level.AMBER, "console_off", values
    return Level.GREEN, "console_well", values


def _service_clock(known: Clocks) -> Said:
    offsets = (
        ("clock_machine", abs(known.machine_ms), MACHINE_AMBER_MS, MACHINE_RED_MS),
        ("clock_database", abs(known.database_ms or 0), SHARED_AMBER_MS, SHARED_RED_MS),
        # One that is behind does no harm: no commit is dated earlier than another's.
        ("clock_commits", known.commits_ms or 0, SHARED_AMBER_MS, SHARED_RED_MS),
    )
    for key, off_ms, _, red_ms in offsets:
        if off_ms >= red_ms:
            return Level.RED, key, {"s": _s(off_ms)}
    for key, off_ms, amber_ms, _ in offsets:
        if off_ms >= amber_ms:
            return Level.AMBER, key, {"s": _s(off_ms)}
    if known.synchronised is False:
        return Level.AMBER, "clock_unsynchronised", {}
    return Level.GREEN, "clock_well" if known.synchronised else "clock_well_alone", {}


def _disk(known: Disk) -> Said:
    values = {"free": f"{known.free_bytes / 1024**3:.1f} GiB"}
    if known.free_bytes < DISK_RED_BYTES:
        return Level.RED, "disk_full", values
    if known.free_bytes < DISK_AMBER_BYTES:
        return Level.AMBER, "disk_low", values
    return Level.GREEN, "disk_elsewhere" if known.elsewhere else "disk_well", values


def _database(known: Answer) -> Said:
    if known.failed:
        return Level.RED, "database_away", {"reason": known.failed}
    slow = known.took_ms >= DATABASE_AMBER_MS
    return Level.AMBER if slow else Level.GREEN, "database_slow" if slow else "database_well", {"ms": known.took_ms}


def _redis(known: Answer | None) -> Said:
    if known is None:
        return Level.GREEN, "redis_none", {}
    if known.failed:
        return Level.RED, "redis_away", {}
    slow = known.took_ms >= REDIS_AMBER_MS
    return Level.AMBER if slow else Level.GREEN, "redis_slow" if slow else "redis_well", {"ms": known.took_ms}


def _address(known: Reach) -> Said:
    if not known.url:
        return Level.RED, "address_none", {}
    if any(_loops(each) for each in known.hosts):
        return Level.RED, "address_loops", {"url": known.url}
    if known.answer is None or known.answer.failed:
        reason = known.answer.failed if known.answer else "no such name"
        return Level.RED, "address_away", {"url": known.url, "reason": reason}
    slow = known.answer.took_ms >= ADDRESS_AMBER_MS
    values = {"url": known.url, "ms": known.answer.took_ms}
    return Level.AMBER if slow else Level.GREEN, "address_slow" if slow else "address_well", values


def _loops(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _qr(code: str, known: Reach) -> Said:
    if not known.url:
        return Level.RED, "qr_unset", {}
    if known.answer is None or known.answer.failed:
        return Level.RED, "qr_unasked", {}
    values = {"url": known.url, "wanted": f"{known.url}/v/{code}"}
    return (Level.GREEN, "qr_well", values) if known.qr_is_ours else (Level.RED, "qr_foreign", values)


def _overlays(known: tuple[Overlay, ...]) -> Said:
    answering = [each for each in known if each.silent_ms <= OVERLAY_SILENT_MS]
    n = sum(each.counts for each in answering)
    if n == 0:
        return (Level.AMBER, "overlays_others", {}) if answering else (Level.RED, "overlays_none", {})
    silent = [each.name for each in known if each.counts and each not in answering]
    if silent:
        return Level.AMBER, "overlays_silent", {"n": n, "names": ", ".join(silent[:3])}
    return Level.GREEN, "overlays_well", {"n": n}


def _token(role: Role, until_ms: int, known: tuple[Token, ...]) -> Said:
    values = {"role": str(role), "role_zh": _ROLE_ZH[role]}
    lasting = {each.role for each in known if each.expires_at_ms is None or each.expires_at_ms >= until_ms}
    if role in lasting:
        return Level.GREEN, "token_well", values
    if any(each.role is role for each in known):
        return Level.RED, "token_ends", values
    return (Level.AMBER, "token_admin", values) if Role.ADMIN in lasting else (Level.RED, "token_none", values)


def _backup(known: Backup, now_ms: int) -> Said:
    how = "_postgresql" if known.by_database else ""
    if known.at_ms is None:
        return Level.RED, f"backup_none{how}", {}
    if known.at_ms > now_ms + BACKUP_AHEAD_MS:
        return Level.RED, f"backup_ahead{how}", {}
    age_ms = max(0, now_ms - known.at_ms)
    values = {"hours": age_ms // 3_600_000}
    return (Level.RED, f"backup_old{how}", values) if age_ms >= DAY_MS else (Level.GREEN, "backup_well", values)


def _s(ms: int) -> str:
    return f"{ms / 1000:.1f}"
