"""The QR of a session's phone page."""

from io import BytesIO

import segno


def qr_svg(address: str) -> bytes:
    """Draw a QR with medium error correction and a quiet zone of four modules, as phones want it."""
    picture = BytesIO()
    segno.make(address, error="m", boost_error=False).save(picture, kind="svg", scale=10, border=4, light="#fff")
    return picture.getvalue()
