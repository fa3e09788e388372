"""Breaks each promise of docs/trust.md in a copy of the code, and sees that the test that is named for it fails.

`make mutants` runs all; `python -m tests.mutants 5 16` those of two promises. A mutant that survives, or whose place in
the code is gone, ends it with exit code 1. Nothing of the working tree is touched.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("app", "alembic", "tests", "deploy", "docs", "examples", "pyproject.toml", "README.md", "Makefile")
SECONDS_MAX = 240


@dataclass(frozen=True, slots=True)
class Mutant:
    promise: int
    path: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        1, "app/storage/writer.py", "self._engine.begin() as connection", "self._engine.connect() as connection",
        "tests/storage/test_writer.py::test_answer_comes_only_when_another_connection_can_read_the_row",
    ),
    Mutant(
        1, "app/storage/engine.py", '"synchronous=FULL"', '"synchronous=NORMAL"',
        "tests/storage/test_engine.py::test_every_connection_is_durable_and_keeps_foreign_keys",
    ),
    Mutant(
        2, "app/storage/ballots.py", "_ADD_BALLOT.each(connection, rows)", "_ADD_BALLOT.each(connection, rows[:1])",
        "tests/crowd/test_simulate.py::test_every_vote_and_like_of_a_hundred_voters_is_counted_once",
    ),
    Mutant(
        3, "alembic/versions/20261122_first_tables.py",
        'Constraint("run_id", "voter", "slot", "revision"', 'Constraint("run_id", "voter", "slot", "seq"',
        "tests/storage/test_migrations.py::test_one_ballot_a_voter_slot_and_revision_is_the_databases_own_promise",
    ),
    Mutant(
        3, "app/domain/ballot.py", "    if not rules.changeable:\n        raise AlreadyVoted(",
        "    if False:\n        raise AlreadyVoted(",
        "tests/routers/test_concurrency.py::test_of_two_different_votes_of_one_voter_at_once_exactly_one_wins",
    ),
    Mutant(
        4, "app/services/voting.py", "cast = ballot.repeated(request.nonce, earlier)", "cast = None",
        "tests/routers/test_voting.py::test_a_retry_with_the_nonce_is_answered_also_after_the_lock",
    ),
    Mutant(
        5, "app/domain/lifecycle.py", "if state.phase not in (Phase.OPEN, Phase.CLOSING):",
        "if state.phase not in (Phase.OPEN, Phase.CLOSING, Phase.LOCKED):",
        "tests/domain/test_lifecycle.py",
    ),
    Mutant(
        5, "app/storage/writer.py", "if work.barrier:", "if False:",
        "tests/storage/test_writer.py::test_handler_is_given_all_its_requests_between_two_barriers_and_none_from_beyond",
    ),
    Mutant(
        6, "app/services/corrections.py", "if row.proposed_token_id == actor.id:", "if row.proposed_token_id == 0:",
        "tests/routers/test_corrections.py::test_a_correction_takes_two_people_and_leaves_both_totals",
    ),
    Mutant(
        6, "alembic/versions/20261122_proof.py", 'for what in ("UPDATE", "DELETE"):\n', 'for what in ("DELETE",):\n',
        "tests/storage/test_ballots.py::test_ballot_changed_in_the_database_breaks_the_chain",
    ),
    Mutant(
        7, "app/live/hub.py", "if (newest.epoch, newest.version) <= (live.epoch, live.version):", "if False:",
        "tests/live/test_hub.py::test_a_publication_that_is_older_than_the_present_one_is_not_adopted",
    ),
    Mutant(
        7, "app/storage/engine.py", "max(last + 1, now_ms // 1000)", "now_ms // 1000",
        "tests/routers/test_tally.py::test_the_epoch_grows_with_every_start_whatever_the_clock_says",
    ),
    Mutant(
        8, "app/verify/recount.py", "if ledger.extend(head, own) != stated:", "if False:",
        "tests/verify/test_verify.py::test_tampered_copy_is_found_and_the_ballot_named",
    ),
    Mutant(
        8, "app/verify/corrections.py", 'if follows != each["digest"]:', "if False:",
        "tests/verify/test_corrections.py::test_a_tampered_correction_is_found",
    ),
    Mutant(
        9, "app/domain/ledger.py", "list(choices), nonce])", 'list(choices), ""])',
        "tests/domain/test_ledger.py",
    ),
    Mutant(
        10, "app/services/voting.py", "        if cast.held or mine:\n", "        if mine:\n",
        "tests/routers/test_corrections.py::test_what_is_held_is_counted_apart_and_nowhere_else",
    ),
    Mutant(
        11, "app/services/gate.py", "HARD_FACTOR = 10\n", "HARD_FACTOR = 2\n",
        "tests/routers/test_joining.py::test_fifteen_hundred_phones_behind_one_address_all_get_in_and_vote",
    ),
    Mutant(
        12, "app/storage/writer.py", "                outcomes = _outcomes(transaction, batch)\n",
        "                outcomes = _outcomes(transaction, batch)\n"
        "                self._answer(batch, outcomes, transaction.facts)\n"
        "                threading.Event().wait(0.05)\n"
        "                return\n",
        "tests/test_kill.py::test_twenty_kills_under_load_lose_and_double_nothing",
    ),
    Mutant(
        13, "app/live/http_guard.py", "HEAD_BYTES_MAX = 32_768", "HEAD_BYTES_MAX = 32_768_000",
        "tests/faults/test_http_guard.py::test_a_head_that_never_ends_is_told_431_while_it_is_still_being_sent",
    ),
    Mutant(
        13, "app/live/http_guard.py", "PIPELINED_MAX = 128", "PIPELINED_MAX = 128_000",
        "tests/faults/test_http_guard.py::test_requests_one_behind_the_other_without_end_end_the_line",
    ),
    Mutant(
        14, "app/storage/writer.py", "if self.waiting >= self._queue_max + more:", "if False:",
        "tests/storage/test_writer.py::test_full_queue_refuses_at_once_and_takes_again_when_it_has_drained",
    ),
    Mutant(
        15, "app/services/identity.py", "if verb not in CAN[self.role]:", "if False:",
        "tests/routers/test_access.py::test_a_role_may_do_what_the_table_says_and_nothing_else",
    ),
    Mutant(
        15, "app/storage/crew.py", "ledger.fold(head, entry)", "ledger.fold(ledger.CHAIN_START, entry)",
        "tests/verify/test_corrections.py::test_a_corrected_round_and_its_log_hold",
    ),
    Mutant(
        16, "app/domain/session.py", "    if sealed:\n        return False\n", "",
        "tests/routers/test_sealed.py::test_nobody_sees_the_count_before_the_certificate",
    ),
    Mutant(
        16, "app/live/document.py", 'view == "voter" and each is current, each.seal_unbroken', "True",
        "tests/routers/test_visibility.py::test_figures_are_shown_to_whom_the_table_says_and_leak_to_nobody_else",
    ),
    Mutant(
        16, "app/live/hub.py", "self.see(live, fact.voters)\n        live.dirty = True",
        'self.see(live, fact.voters)\n        live.dirty = live.dirty or fact.counts.votes.get("red", 0) > 0',
        "tests/live/test_document.py::"
        "test_whoever_may_not_see_is_told_the_same_bytes_as_often_however_the_votes_are_split",
    ),
    Mutant(
        17, "app/domain/ledger.py", 'f"arena-voter-1\\n{run_key}\\n{voter}"', 'f"arena-voter-1\\n{voter}"',
        "tests/routers/test_results.py::test_the_ledger_names_no_phone_and_no_voter_twice_the_same_in_two_rounds",
    ),
    Mutant(
        18, "docs/trust.md", "::test_every_test_that_is_named_exists", "::test_that_does_not_exist",
        "tests/verify/test_trust_page.py::test_every_test_that_is_named_exists",
    ),
)  # fmt: skip


def survives(mutant: Mutant) -> str:
    """Return why a mutant was not caught, or nothing where its test failed."""
    with tempfile.TemporaryDirectory(prefix="arena-mutant-") as directory:
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, Path(directory) / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
                )
            else:
                shutil.copy(source, directory)
        path = Path(directory) / mutant.path
        text = path.read_text()
        if mutant.old not in text:
            return "its place in the code is gone"
        path.write_text(text.replace(mutant.old, mutant.new))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", mutant.test]
        try:
            done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            return ""  # a hang is seen as well
        if done.returncode == 0:
            return "the test passed"
        if done.returncode != 1:
            return f"the test could not be run: {done.stdout[-300:]} {done.stderr[-300:]}"
        return ""


def main(promises: list[int]) -> int:
    survivors = 0
    for mutant in MUTANTS:
        if promises and mutant.promise not in promises:
            continue
        why = survives(mutant)
        survivors += bool(why)
        outcome = "SURVIVES" if why else "caught"
        print(f"{mutant.promise:2}  {outcome:8}  {mutant.path}: {mutant.old.strip()[:40]!r}  {why}", flush=True)
    print(f"{survivors} survived.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main([int(each) for each in sys.argv[1:]]))
