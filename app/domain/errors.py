"""Every refusal a person can meet, as one tree.

A refusal has a code that programs read, a status for HTTP, a title and a sentence that says what happened and what to
do. Routers and the socket render it as problem+json; nothing here knows how.
"""

from typing import Any, ClassVar


class ArenaError(Exception):
    """An expected refusal. Subclasses fix `code`, `status` and `title`; `extra` travels in the problem document."""

    code: ClassVar[str] = "arena_error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra
        self.attempt: Any = None
        """Who of the crew tried what in which session, where that was refused; for the audit log."""


class MalformedJson(ArenaError):
    code, status, title = "malformed_json", 400, "The body is not JSON"


class TokenMissing(ArenaError):
    code, status, title = "token_missing", 401, "A token is needed"


class TokenInvalid(ArenaError):
    code, status, title = "token_invalid", 401, "This token is not valid"


class TokenExpired(ArenaError):
    code, status, title = "token_expired", 401, "This token has expired"


class WrongRole(ArenaError):
    code, status, title = "wrong_role", 403, "This role may not do that"


class WrongSession(ArenaError):
    code, status, title = "wrong_session", 403, "This token is for another session"


class SamePerson(ArenaError):
    code, status, title = "same_person", 403, "It takes another person"


class NotFound(ArenaError):
    code, status, title = "not_found", 404, "Nothing is here"


class SessionNotFound(NotFound):
    code, title = "session_not_found", "No such session"


class RehearsalNotFound(NotFound):
    code, title = "rehearsal_not_found", "No rehearsal is there"


class RoundNotFound(NotFound):
    code, title = "round_not_found", "No such round"


class ProposalNotFound(NotFound):
    code, title = "proposal_not_found", "No such proposal"


class ReceiptNotFound(NotFound):
    code, title = "receipt_not_found", "No such receipt"


class TokenNotFound(NotFound):
    code, title = "token_not_found", "No such token"


class ShowNotFound(NotFound):
    code, title = "show_not_found", "No such show"


class SeasonNotFound(NotFound):
    code, title = "season_not_found", "No such season"


class PersonNotFound(NotFound):
    code, title = "person_not_found", "No such person"


class VisitNotFound(NotFound):
    code, title = "visit_not_found", "No such visit"


class Conflict(ArenaError):
    code, status, title = "conflict", 409, "This does not fit the present state"


class RoundNotOpen(Conflict):
    code, title = "round_not_open", "The round is not open"


class AlreadyVoted(Conflict):
    code, title = "already_voted", "This voter has voted"


class NoVotesLeft(Conflict):
    code, title = "no_votes_left", "No votes are left"


class LikesShrank(Conflict):
    code, title = "likes_shrank", "Likes cannot shrink"


class CommandNotAllowed(Conflict):
    code, title = "command_not_allowed", "The round is not in a phase for that"


class RulesFrozen(Conflict):
    code, title = "rules_frozen", "The rules are frozen"


class ReplayOnly(Conflict):
    code, title = "replay_only", "This is a replay"


class SessionEnded(Conflict):
    code, title = "session_ended", "The session is over"


class AnotherRoundOpen(Conflict):
    code, title = "another_round_open", "Another round is on air"


class PanicOn(Conflict):
    code, title = "panic_on", "Everything is held blank"


class NotLocked(Conflict):
    code, title = "not_locked", "The round is not locked yet"


class NotCertified(Conflict):
    code, title = "not_certified", "The count is not certified yet"


class NotVisible(Conflict):
    code, title = "not_visible", "The result may not be shown yet"


class CodeTaken(Conflict):
    code, title = "code_taken", "This code is taken"


class TieAtTheCut(Conflict):
    code, title = "tie_at_the_cut", "The cut falls into a tie"


class VisitNotAllowed(Conflict):
    code, title = "visit_not_allowed", "The visit is not in a state for that"


class RevisionStale(ArenaError):
    """Somebody else acted since the bearer looked; carries the `revision` that stands and the `changes` since."""

    code, status, title = "revision_stale", 412, "Somebody else has acted"


class CommandLate(ArenaError):
    """It was on its way for longer than its sender said; carries `late_ms`."""

    code, status, title = "command_late", 412, "The command came too late"


class BodyTooLarge(ArenaError):
    code, status, title = "body_too_large", 413, "The body is too large"


class InvalidRequest(ArenaError):
    code, status, title = "invalid_request", 422, "The request is not understood"


class InvalidBallot(InvalidRequest):
    code, title = "invalid_ballot", "The ballot is not valid"


class InvalidLikes(InvalidRequest):
    code, title = "invalid_likes", "The likes are not valid"


class InvalidCorrection(InvalidRequest):
    code, title = "invalid_correction", "This cannot be corrected"


class InvalidStatement(InvalidRequest):
    code, title = "invalid_statement", "The signed statement is not valid"


class InvalidSession(InvalidRequest):
    code, title = "invalid_session", "The session is not valid"


class InvalidImport(InvalidRequest):
    code, title = "invalid_import", "The file is not loaded"


class TooManyRequests(ArenaError):
    code, status, title = "too_many_requests", 429, "Too many requests"


class Overloaded(ArenaError):
    code, status, title = "overloaded", 503, "The arena is full for a moment"


class NotStored(ArenaError):
    code, status, title = "not_stored", 503, "It could not be stored"


class Unconfirmed(ArenaError):
    """The database was lost in the middle of the commit: it is stored, or it is not."""

    code, status, title = "unconfirmed", 503, "It may not have been stored"


class TicketRequired(ArenaError):
    code, status, title = "ticket_required", 403, "A ticket is needed"


class WechatRequired(ArenaError):
    code, status, title = "wechat_required", 403, "Signing in by WeChat is needed"


class TicketNotFound(NotFound):
    code, title = "ticket_not_found", "No such ticket"


class TicketUsed(Conflict):
    code, title = "ticket_used", "This ticket was used"


class TicketVoid(Conflict):
    code, title = "ticket_void", "This ticket was withdrawn"


class WorkRequired(ArenaError):
    """Answered where many join from one address; carries the `challenge`, its `bits` and when it expires."""

    code, status, title = "work_required", 428, "A proof of work is needed"


class AutomationNotFound(NotFound):
    code, title = "automation_not_found", "No such automation"


class TargetNotAllowed(InvalidRequest):
    code, title = "target_not_allowed", "This target may not be called"
