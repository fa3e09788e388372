"""All settings, read once into one frozen object. Each is an `ARENA_…` variable or a line of `.env`."""

import contextlib
import os
import secrets
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_LENGTH_MIN = 32


class Settings(BaseSettings):
    """Values are plain; nothing below `create_app` reads the environment."""

    model_config = SettingsConfigDict(env_prefix="ARENA_", env_file=".env", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Where the database and the secret are kept.")
    database_url: str = Field("", description="SQLAlchemy address; empty: SQLite in the data directory.")
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field("", description="How phones reach the service, for links and QR codes; empty: as asked.")
    secret: SecretStr = Field(
        SecretStr(""), description="Signs device tokens; empty: made and kept in the data directory."
    )
    redis_url: str = Field("", description="Redis or Valkey; only used beyond one process.")
    workers: int = Field(1, ge=1, le=64)
    tick_ms: int = Field(200, ge=20, le=2000, description="How often a changed tally is published.")
    sockets_max: int = Field(15_000, ge=1, le=19_500, description="Open sockets and event streams in one process.")
    writer_queue_max: int = Field(20_000, ge=1, description="Writes that may wait for their commit.")
    allowed_origins: tuple[str, ...] = Field((), description="Other origins whose pages may send credentials.")

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def url(self) -> str:
        """Return the database's address."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'arena.db').absolute()}"

    def refuse_impossible(self) -> None:
        """Stop at start, with a sentence that says what to set, where settings do not fit together.

        Raises:
            ValueError: with that sentence.
        """
        if not self.url.startswith("sqlite:///"):
            raise ValueError(
                "This release stores in SQLite only: leave ARENA_DATABASE_URL empty or use sqlite:///path."
            )
        if self.workers > 1:
            raise ValueError("SQLite serves one process: set ARENA_WORKERS=1.")
        given = self.secret.get_secret_value()
        if given and len(given) < SECRET_LENGTH_MIN:
            raise ValueError("ARENA_SECRET is too short: use at least 32 random characters, or leave it empty.")

    def signing_secret(self) -> str:
        """Return the secret, made and kept in the data directory (mode 0600) where none is set."""
        if given := self.secret.get_secret_value():
            return given
        path = self.data_dir / "secret"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Whole or not at all: a secret that a power cut left empty would sign for everybody.
            made = path.with_name(f"secret.{secrets.token_hex(8)}")
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
            made.unlink()
        secret = path.read_text().strip()
        if len(secret) < SECRET_LENGTH_MIN:
            raise ValueError(f"The file {path} holds no whole secret; remove it, and the next start makes a new one.")
        return secret
