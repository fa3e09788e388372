"""The pages as they lie in app/pages: ETag, gzip, a strict Content-Security-Policy. No template, no build."""

import gzip
import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.domain.errors import NotFound

ROOT = Path(__file__).parents[1] / "pages"
_COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".svg", ".txt"})
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https: http:; "
    "connect-src 'self' ws: wss:; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)

router = APIRouter(include_in_schema=False)


@router.api_route("/v/{code}", methods=["GET", "HEAD"])
async def phone(request: Request, code: str) -> Response:
    return _page(request, "phone/index.html")


@router.api_route("/overlay/{code}", methods=["GET", "HEAD"])
async def overlay(request: Request, code: str) -> Response:
    return _page(request, "overlay/index.html")


@router.api_route("/report/{code}", methods=["GET", "HEAD"])
async def report(request: Request, code: str) -> Response:
    return _page(request, "report/index.html")


@router.api_route("/receipt/{code}", methods=["GET", "HEAD"])
async def receipt(request: Request, code: str) -> Response:
    return _page(request, "receipt/index.html")


@router.api_route("/console", methods=["GET", "HEAD"])
async def console(request: Request) -> Response:
    return _page(request, "console/index.html")


@router.api_route("/tickets/{code}", methods=["GET", "HEAD"])
async def tickets(request: Request, code: str) -> Response:
    return _page(request, "tickets/index.html")


@router.api_route("/card/{show}", methods=["GET", "HEAD"])
async def card(request: Request, show: str) -> Response:
    return _page(request, "card/index.html")


@router.api_route("/season/{show}/{season}", methods=["GET", "HEAD"])
async def season(request: Request, show: str, season: str) -> Response:
    return _page(request, "season/index.html")


@router.api_route("/visit/{code}", methods=["GET", "HEAD"])
async def visit(request: Request, code: str) -> Response:
    return _page(request, "visit/index.html")


@router.api_route("/visits", methods=["GET", "HEAD"])
async def visits(request: Request) -> Response:
    return _page(request, "visit/crew.html")


@router.api_route("/privacy", methods=["GET", "HEAD"])
async def privacy(request: Request) -> Response:
    return _page(request, "privacy/index.html")


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request) -> Response:
    return _page(request, "console/index.html")


@router.api_route("/pages/{path:path}", methods=["GET", "HEAD"])
async def asset(request: Request, path: str) -> Response:
    return _page(request, path)


def _page(request: Request, path: str) -> Response:
    full = _file(path)
    if full is None:
        raise NotFound("No page is at this address; check the link.")
    content, packed, etag, media_type = _content(full, full.stat().st_mtime_ns)
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "Referrer-Policy": "same-origin",
    }
    if full.suffix == ".html":
        headers["Content-Security-Policy"] = _CSP
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(content, media_type=media_type, headers=headers)


def _file(path: str) -> Path | None:
    try:
        full = (ROOT / path).resolve()
        return full if full.is_relative_to(ROOT) and full.is_file() else None
    except (ValueError, OSError):
        return None  # no file can have such a name: it holds a zero byte, or is too long


@lru_cache(maxsize=256)
def _content(path: Path, _changed_ns: int) -> tuple[bytes, bytes | None, str, str]:
    """Return a file's bytes, the same compressed, its ETag and type; read again when it changes."""
    content = path.read_bytes()
    packed = gzip.compress(content, 9, mtime=0) if path.suffix in _COMPRESSED else None
    media_type = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    charset = "; charset=utf-8" if path.suffix in _COMPRESSED else ""
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return content, packed, etag, f"{media_type or 'application/octet-stream'}{charset}"
