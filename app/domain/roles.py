"""Who of the crew may do what. The one table of it."""

from enum import StrEnum


class Role(StrEnum):
    PRODUCER = "producer"
    DIRECTOR = "director"
    SCRUTINEER = "scrutineer"
    OVERLAY = "overlay"
    ADMIN = "admin"


class Verb(StrEnum):
    READ = "read"
    EDIT = "edit"
    OPEN = "open"
    PAUSE = "pause"
    RESUME = "resume"
    LOCK = "lock"
    NEXT = "next"
    REVEAL = "reveal"
    OVERLAY = "overlay"
    PANIC = "panic"
    CERTIFY = "certify"
    VOID = "void"
    RERUN = "rerun"
    CORRECT = "correct"
    AUDIT = "audit"
    TOKENS = "tokens"
    VISITS = "visits"


CAN: dict[Role, tuple[Verb, ...]] = {
    Role.PRODUCER: (
        Verb.READ,
        Verb.EDIT,
        Verb.OPEN,
        Verb.PAUSE,
        Verb.RESUME,
        Verb.LOCK,
        Verb.NEXT,
        Verb.PANIC,
        Verb.CORRECT,
        Verb.AUDIT,
        Verb.VISITS,
    ),
    Role.DIRECTOR: (Verb.READ, Verb.NEXT, Verb.REVEAL, Verb.OVERLAY, Verb.PANIC, Verb.AUDIT, Verb.VISITS),
    Role.SCRUTINEER: (Verb.READ, Verb.CERTIFY, Verb.VOID, Verb.RERUN, Verb.CORRECT, Verb.AUDIT),
    Role.OVERLAY: (Verb.READ,),
    Role.ADMIN: tuple(Verb),
}
