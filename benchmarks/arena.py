"""The service as a contestant: its settings, a session with an open round, device tokens, and commands over HTTP."""

import http.client
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from app.domain.roles import Role
from app.services.arena import Arena as Service
from app.services.identity import COMMAND_LINE, add_token, new_phone, sign_phone
from app.storage.engine import Database
from app.storage.writer import Transaction

CONTESTANTS = [
    {"name": "王伟", "title": "党委副书记", "organisation": "澳洋医院", "sector": "民营医院", "role": "holder"},
    {
        "name": "杨玭",
        "title": "党支部书记、会长",
        "organisation": "张家港市公益组织联合会",
        "sector": "社会组织",
        "role": "challenger",
    },
]


def prepared(directory: Path, port: int, settings: Mapping[str, str]) -> dict[str, str]:
    """Make a database with a token, and return the settings to serve it: SQLite, `synchronous=FULL`, all defaults but
    the number of sockets, and no work asked of phones of which all come from one address.
    """
    database = Database(f"sqlite:///{directory / 'arena.db'}")
    database.migrate()
    with database.writer.begin() as connection:
        transaction = Transaction(connection, time.time_ns() // 1_000_000)
        token = add_token(transaction, COMMAND_LINE, Role.ADMIN, "benchmark", None, None)[1]
    database.close()
    return {
        "ARENA_DATA_DIR": str(directory),
        "ARENA_HOST": "127.0.0.1",
        "ARENA_PORT": str(port),
        "ARENA_SECRET": secrets.token_urlsafe(48),
        "ARENA_SOCKETS_MAX": "19500",
        "ARENA_JOIN_FREE_PER_MINUTE": "1000000",
        "BENCHMARK_TOKEN": token,
        **settings,
    }


@dataclass
class Arena:
    port: int
    secret: str
    token: str
    code: str = ""

    @classmethod
    def opened(cls, port: int, environment: Mapping[str, str], session: Mapping[str, Any]) -> "Arena":
        """Make a first session on a service that was just started."""
        return cls(port, environment["ARENA_SECRET"], environment["BENCHMARK_TOKEN"]).another(**session)

    def another(self, *, closed: bool = False, **session: Any) -> "Arena":
        """Make another session, whose first round is open unless it is to stay closed."""
        document = {"title": "先锋擂台", "contestants": CONTESTANTS, "rounds": [{"title": "观点PK"}], **session}
        arena = replace(self, code=self.ask("POST", "/api/v1/sessions", document)["code"])
        if not closed:
            arena.command(1, "open")
        return arena

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the admin, who does all.

        Raises:
            RuntimeError: it was refused.
        """
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            line.request(method, path, content, headers)
            answer = line.getresponse()
            document = json.loads(answer.read() or b"null")
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {document}")
        return document

    def command(self, number: int, what: str) -> Any:
        return self.ask("POST", f"{self.path}/rounds/{number}/{what}")

    @property
    def path(self) -> str:
        return f"/api/v1/sessions/{self.code}"

    def tokens(self, number: int) -> list[str]:
        """Sign device tokens as `join` does, which writes nothing."""
        signer = cast(Service, SimpleNamespace(signing_secret=self.secret))
        now_ms = time.time_ns() // 1_000_000
        return [sign_phone(signer, new_phone(self.code, "web", now_ms)) for _ in range(number)]
