"""The two addresses of WeChat's web OAuth, its file of verification, and the page that says what went wrong.

Nothing of the openid, the code or the account's secret stands in an address or a page of ours; the device token
travels back in a fragment, which browsers keep to themselves.
"""

import re
import secrets
from html import escape
from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from app.domain.errors import NotFound, SessionEnded, SessionNotFound
from app.routers.deps import ArenaOf
from app.services.wechat import STATE_MS, Refused, Spent, WeChat

COOKIE = "arena_wechat"
VERIFICATION_BYTES_MAX = 1_024
_VERIFICATION = re.compile(r"MP_verify_[A-Za-z0-9]{1,64}\.txt")
_OPAQUE = re.compile(r"[0-9a-f]{32}")

# reason: status, Chinese, English, whether another try may help
_PAGES: dict[str, tuple[int, str, str, bool]] = {
    "off": (404, "本场次没有开通微信登录，请直接打开投票页面。", "This session has no WeChat sign-in.", False),
    "unknown": (404, "没有这个场次，请核对链接或重新扫码。", "No such session; check the link or scan again.", False),
    "over": (409, "本场活动已结束，感谢您的参与。", "This session is over. Thank you for taking part.", False),
    "cancelled": (400, "微信登录没有完成，请再试一次。", "The sign-in was not finished; please try again.", True),
    "state": (400, "登录已过期，请从投票页面重新进入。", "The sign-in has expired; enter from the voting page.", True),
    "snapshot": (
        403,
        "您正在使用快照页模式，无法投票。请点击页面右下角的“使用完整服务”，然后再试一次。",
        "This is a preview. Tap 使用完整服务 (use the full service) at the bottom right, then try again.",
        True,
    ),
    "spent": (409, "微信没有确认这次登录，请稍后再试一次。", "WeChat did not confirm; try again in a moment.", True),
    "refused": (502, "微信登录暂时不可用，请稍后再试。", "WeChat refused the sign-in; try again later.", True),
    "down": (502, "微信没有及时回答，请再试一次。", "WeChat did not answer in time; please try again.", True),
    "busy": (503, "登录的人很多，请过几秒再试。", "Many are signing in; try again in a few seconds.", True),
}
_CSP = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

router = APIRouter(include_in_schema=False)
PhoneCookie = Annotated[str | None, Cookie(alias=COOKIE, max_length=64)]


@router.get("/wechat/start/{code}")
async def start(request: Request, arena: ArenaOf, code: str, arena_wechat: PhoneCookie = None) -> Response:
    """Send the phone to WeChat, with a state that only this phone can bring back."""
    return await _start(request, code.upper(), arena_wechat or "")


@router.get("/wechat/callback")
async def callback(
    request: Request, arena: ArenaOf, code: str = "", state: str = "", arena_wechat: PhoneCookie = None
) -> Response:
    """Take the code, and send the phone back to its page with a token."""
    wechat: WeChat = request.app.state.wechat
    session: str | None = None
    try:
        understood = wechat.read_state(state, arena_wechat or "")
        session = understood.session
        token = await wechat.finish(code, understood)
    except Spent:
        if not understood.again:
            return await _start(request, understood.session, arena_wechat or "", again=True)
        return _page("spent", understood.session)
    except Refused as refused:
        return _page(refused.reason, refused.session)
    except SessionNotFound:
        return _page("unknown", None)
    except SessionEnded:
        return _page("over", None)
    return _redirect(f"/v/{session}#token={token}")


@router.api_route("/{name}.txt", methods=["GET", "HEAD"])
async def verification(arena: ArenaOf, name: str) -> Response:
    """Serve WeChat's `MP_verify_….txt` from the data directory, and nothing else from there."""
    full = f"{name}.txt"
    if _VERIFICATION.fullmatch(full):
        path = arena.settings.data_dir / full
        if path.is_file() and path.stat().st_size <= VERIFICATION_BYTES_MAX:
            return Response(path.read_bytes(), media_type="text/plain; charset=utf-8")
    raise NotFound("Nothing is at this address; check the link.")


async def _start(request: Request, code: str, cookie: str, again: bool = False) -> Response:
    arena, wechat = request.app.state.arena, request.app.state.wechat
    base = arena.settings.public_url or str(request.base_url).rstrip("/")
    # Kept through a second start, or the callback of the first would be a stranger's.
    kept = cookie if _OPAQUE.fullmatch(cookie) else secrets.token_hex(16)
    try:
        address = await wechat.start(code, base, kept, again)
    except Refused as refused:
        return _page(refused.reason, refused.session)
    except SessionNotFound:
        return _page("unknown", None)
    except SessionEnded:
        return _page("over", None)
    response = _redirect(address)
    response.set_cookie(
        COOKIE,
        kept,
        max_age=STATE_MS // 1000,
        path="/wechat",
        httponly=True,
        samesite="lax",
        secure=base.startswith("https:"),
    )
    return response


def _redirect(address: str) -> Response:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(address, status_code=302, headers=headers)


def _page(reason: str, session: str | None) -> Response:
    status, chinese, english, again = _PAGES[reason]
    links = ""
    if session is not None:
        page = escape(f"/v/{session}", quote=True)
        retry = escape(f"/wechat/start/{session}", quote=True)
        links = f'<p><a class="primary" href="{retry}">再试一次 Try again</a></p>' if again else ""
        links += f'<p><a href="{page}">回到投票页面 Back to the page</a></p>'
    html = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>先锋擂台</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/pages/privacy/plain.css"></head><body class="notice"><main>'
        f'<h1>先锋擂台</h1><p class="said">{escape(chinese)}</p><p lang="en">{escape(english)}</p>{links}'
        "</main></body></html>"
    )
    headers = {"Content-Security-Policy": _CSP, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    if status == 503:
        headers["Retry-After"] = "5"
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=headers)
