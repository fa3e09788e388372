"""The OGraf graphic: the manifest and what it needs, one by one or as a zip. The folder is the same either way.

The package's root holds the manifest; `ograf/`, `overlay/` and `lib/` lie beside it as in app/pages, so that the
modules' relative imports hold in both.
"""

import hashlib
import io
import re
import zipfile
from functools import cache, lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.domain.errors import NotFound
from app.routers import pages

MANIFEST = "pioneer-arena.ograf.json"
ARCHIVE = "pioneer-arena.zip"
_MAIN = "ograf/graphic.js"
_IMPORT = re.compile(r'^(?:import|export)\b[^;"=(]*"(\.[^"]+)";', re.MULTILINE)
_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The same files make the same zip."""

router = APIRouter(include_in_schema=False, prefix="/ograf")


@cache
def package() -> dict[str, Path]:
    """Return the package's files: path within it → file. What graphic.js imports, however far, and the style sheets."""
    found = {MANIFEST: pages.ROOT / "ograf" / MANIFEST}
    waiting = [pages.ROOT / _MAIN]
    while waiting:
        module = waiting.pop()
        name = module.relative_to(pages.ROOT).as_posix()
        if name not in found:
            found[name] = module
            imported = _IMPORT.findall(module.read_text(encoding="utf-8"))
            waiting += [(module.parent / path).resolve() for path in imported]
    for folder in ("ograf", "overlay"):
        found |= {f"{folder}/{sheet.name}": sheet for sheet in (pages.ROOT / folder).glob("*.css")}
    return dict(sorted(found.items()))


@lru_cache(maxsize=2)
def _zipped(files: tuple[tuple[str, Path, int], ...]) -> tuple[bytes, str]:
    """Return the archive and its ETag."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file, _changed_ns in files:
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN), file.read_bytes(), zipfile.ZIP_DEFLATED)
    content = written.getvalue()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


@router.api_route(f"/{ARCHIVE}", methods=["GET", "HEAD"])
def archive(request: Request) -> Response:
    """Not async: what is read and packed here is not done on the loop."""
    files = tuple((name, file, file.stat().st_mtime_ns) for name, file in package().items())
    content, etag = _zipped(files)
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{ARCHIVE}"',
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/zip", headers=headers)


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
async def file(request: Request, path: str) -> Response:
    if path not in package():
        raise NotFound(f"The OGraf package has no such file; it begins at /ograf/{MANIFEST}.")
    return await pages.asset(request, f"ograf/{MANIFEST}" if path == MANIFEST else path)
