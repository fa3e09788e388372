"""All settings, read once into one frozen object. Each is an `ARENA_…` variable or a line of `.env`."""

import contextlib
import ipaddress
import os
import secrets
from pathlib import Path

import sqlalchemy
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_LENGTH_MIN = 32
SECRETS_DIR = Path("/run/secrets")


class Settings(BaseSettings):
    """Values are plain; nothing below `create_app` reads the environment."""

    model_config = SettingsConfigDict(
        env_prefix="ARENA_",
        env_file=".env",
        # A container's secrets are files, named as the variables are: arena_secret, arena_database_url.
        secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None,
        frozen=True,
        extra="ignore",
    )

    data_dir: Path = Field(Path("data"), description="Where the database and the secret are kept.")
    database_url: str = Field(
        "",
        description="postgresql+psycopg://user@host/name, or sqlite:///path; empty: SQLite in the data directory.",
        repr=False,
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = Field("", description="How phones reach the service, for links and QR codes; empty: as asked.")
    secret: SecretStr = Field(
        SecretStr(""), description="Signs device tokens; empty: made and kept in the data directory."
    )
    redis_url: str = Field(
        "", description="Redis or Valkey, redis://host:6379/0; for several processes on one PostgreSQL.", repr=False
    )
    workers: int = Field(1, ge=1, le=64, description="Processes of `arena serve`, each on the next port.")
    tick_ms: int = Field(200, ge=20, le=2000, description="How often a changed tally is published.")
    sockets_max: int = Field(15_000, ge=1, le=19_500, description="Open sockets and event streams in one process.")
    writer_queue_max: int = Field(20_000, ge=1, description="Writes that may wait for their commit.")
    allowed_origins: tuple[str, ...] = Field((), description="Other origins whose pages may send credentials.")
    trusted_proxies: tuple[str, ...] = Field(
        ("127.0.0.1",), description="Exact addresses of the proxies whose X-Forwarded-For is believed."
    )
    requests_in_flight_max: int = Field(2_000, ge=1, description="HTTP requests worked on at once; more get 503.")
    join_free_per_minute: int = Field(
        600, ge=1, le=1_000_000, description="Phones that join from one address in a minute without a proof of work."
    )
    join_work_bits: int = Field(16, ge=8, le=24, description="How hard the proof of work is; each bit doubles it.")
    automation_targets: tuple[str, ...] = Field(
        (), description="Hosts or host:port pairs that automations may call; empty: none is ever called."
    )
    osc_port: int = Field(0, ge=0, le=65535, description="UDP port for commands by OSC; 0: off.")
    osc_host: str = Field("127.0.0.1", description="Address on which OSC is heard; who can send to it commands.")
    osc_token: SecretStr = Field(SecretStr(""), description="The access token with whose role OSC commands.")
    purge_days: int = Field(7, ge=0, le=3_650, description="Days from a session's end to the purge of its voter key.")
    privacy_contact: str = Field(
        "", max_length=200, description="Whom to ask about personal data; on the privacy page."
    )
    icp: str = Field("", max_length=64, description="ICP filing number for the phone page's footer.")
    wechat_app_id: str = Field("", max_length=64, description="Of the service account; empty: no WeChat sign-in.")
    wechat_secret: SecretStr = Field(SecretStr(""), description="Of the service account.")
    wechat_api_url: str = Field("https://api.weixin.qq.com", description="Where a code is exchanged for an openid.")
    wechat_open_url: str = Field("https://open.weixin.qq.com", description="Where phones are sent to sign in.")

    @field_validator("public_url", "wechat_api_url", "wechat_open_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def url(self) -> str:
        """Return the database's address."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'arena.db').absolute()}"

    @property
    def shown_url(self) -> str:
        """Return the database's address as it may be told: without a password."""
        return sqlalchemy.make_url(self.url).render_as_string(hide_password=True)

    def refuse_impossible(self) -> None:
        """Stop at start, with a sentence that says what to set, where settings do not fit together.

        Raises:
            ValueError: with that sentence.
        """
        on_postgresql = self.url.startswith("postgresql+psycopg://")
        if self.workers > 1 and not (on_postgresql and self.redis_url):
            raise ValueError(
                "Several workers need a PostgreSQL and a Redis: set ARENA_DATABASE_URL=postgresql+psycopg://… and "
                "ARENA_REDIS_URL=redis://…, or ARENA_WORKERS=1."
            )
        if self.redis_url and not on_postgresql:
            raise ValueError(
                "ARENA_REDIS_URL is for several processes on one PostgreSQL: set ARENA_DATABASE_URL too, or leave it "
                "empty."
            )
        for each in self.trusted_proxies:
            try:
                ipaddress.ip_address(each)
            except ValueError:
                raise ValueError(
                    f"ARENA_TRUSTED_PROXIES holds “{each}”: list exact addresses in JSON, never * or a network."
                ) from None
        if self.wechat_app_id and not self.wechat_secret.get_secret_value():
            raise ValueError("ARENA_WECHAT_APP_ID is set without ARENA_WECHAT_SECRET; set both, or neither.")
        if self.osc_port and not self.osc_token.get_secret_value():
            raise ValueError("ARENA_OSC_PORT is set without ARENA_OSC_TOKEN; set an access token, or the port to 0.")
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
