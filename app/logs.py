"""Logs to standard error, one line an event; secrets are struck out whatever brings them."""

import logging
import re
import sys
from typing import Any

import structlog

_SECRET = re.compile(r"(arena_[a-z]+_)[\w-]+|(token=)[^&\s\"']+|d1~[^\s\"'&]+", re.IGNORECASE)


def strike_secrets(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace tokens in every text of an event."""
    return {key: _struck(value) if isinstance(value, str) else value for key, value in event.items()}


def configure_logs() -> None:
    """Set up structlog, and pass the libraries' warnings through it."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        strike_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.WARNING)


def _struck(text: str) -> str:
    return _SECRET.sub(lambda found: (found[1] or found[2] or "") + "…", text)
