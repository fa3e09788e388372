"""Backup under load, the disk is lost, restore elsewhere, recount: with the time that each takes.

The kinds of damage and refusal are in tests/storage/test_backup.py, which is part of the ordinary run.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from app.cli import listen
from app.settings import Settings
from app.verify import verify_ledger
from tests.conftest import Process
from tests.faults.figures import Figures
from tests.load import Account, Line, Load, http_voter
from tests.test_kill import make_session

SEED = 20_29
VOTERS = 40
SECONDS_BEFORE = 8
ROOT = Path(__file__).parents[2]


def arena(data_dir: Path, *arguments: str) -> tuple[str, float]:
    """Run a command of the arena that must succeed, as a process. Returns what it said, and its seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env={**os.environ, "ARENA_DATA_DIR": str(data_dir)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, time.monotonic() - began


def test_drill_backup_under_load_loss_of_the_disk_restore_and_recount(
    process: Process, settings: Settings, staff: str, tmp_path: Path, figures: Figures
) -> None:
    saved = tmp_path / "saved.db"

    async def vote_and_back_up() -> tuple[Account, set[str], float]:
        async with Line(process.port) as line:
            account = Account(process.port, await make_session(line, staff, 1), 1)
            await account.command(line, staff, "open")
            load = Load(account, VOTERS, SEED, (http_voter,))
            await asyncio.sleep(SECONDS_BEFORE)
            before = {each.receipt["receipt"] for each in account.entries if each.receipt}
            _, seconds = await asyncio.to_thread(arena, settings.data_dir, "backup", str(saved))
            await asyncio.sleep(0.2)
            process.end(signal.SIGKILL)
            await load.stop()
        return account, before, seconds

    process.start()
    account, before, backup_s = asyncio.run(vote_and_back_up())
    secret = (settings.data_dir / "secret").read_bytes()
    shutil.rmtree(settings.data_dir)  # the disk is lost; the backup and the secret were elsewhere

    began = time.monotonic()
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    elsewhere = Process(settings.model_copy(update={"data_dir": tmp_path / "elsewhere"}), port)
    _, restore_s = arena(elsewhere.settings.data_dir, "restore", str(saved))
    (elsewhere.settings.data_dir / "secret").write_bytes(secret)
    elsewhere.start()
    serving_s = time.monotonic() - began

    async def recount() -> dict[str, Any]:
        account.port = port
        async with Line(port) as line:
            known = [each for each in account.entries if each.receipt and each.receipt["receipt"] in before]
            for entry in known[:200]:
                await account.resend(line, entry)  # asserts the first receipt
            for what in ("lock", "reveal"):
                await account.command(line, staff, what)
            status, book = await line.ask("GET", f"{account.path}/rounds/1/ledger")
            assert status == 200, book
            return dict(book)

    try:
        book = asyncio.run(recount())
    finally:
        elsewhere.end()
    receipts = [row[1] for row in book["ballots"]]
    export = tmp_path / "export.json"
    arena(elsewhere.settings.data_dir, "export", "--code", account.code, "--out", str(export))
    said, _ = arena(elsewhere.settings.data_dir, "verify", str(export), "--digest", book["result"]["digest"])
    figures(
        "restore",
        f"`arena backup` under {VOTERS} voters, kill -9, the directory is removed; `arena restore` elsewhere",
        "what was acknowledged before the backup began is there once; `arena verify` holds; retries get their receipt",
        SEED,
        acknowledged_before_the_backup=len(before),
        lost=len(before - set(receipts)),
        doubled=len(receipts) - len(set(receipts)),
        restored=len(receipts),
        backup_mib=saved.stat().st_size / 2**20,
        seconds_to_back_up=backup_s,
        seconds_to_restore=restore_s,
        seconds_until_it_serves=serving_s,
        acknowledged_after_and_lost_with_the_disk=account.count("ok") - len(set(receipts)),
    )
    assert said
    assert before <= set(receipts)
    assert len(receipts) == len(set(receipts))
    assert verify_ledger(book, book["result"]["digest"]).problems == []
    assert len(before) > VOTERS * 10
