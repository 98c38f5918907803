"""Looks for canaries: in text and bytes, as they are and in every form into which somebody could have put them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from urllib.parse import quote, quote_plus

__all__ = ["forms", "found"]


@cache
def forms(canary: str) -> Mapping[str, bytes]:
    """How a canary may look, by the form's name."""
    raw = canary.encode()
    return {
        "raw": raw,
        "utf-16": canary.encode("utf-16-le"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "url": quote(canary, safe="").encode(),
        "url, slashes kept": quote(canary).encode(),
        "form": quote_plus(canary).encode(),
        "json": json.dumps(canary)[1:-1].encode(),
        "json in json": json.dumps(json.dumps(canary)[1:-1])[1:-1].encode(),
        "json, not escaped": json.dumps(canary, ensure_ascii=False)[1:-1].encode(),
        "repr": repr(canary)[1:-1].encode(),
        "repr of bytes": repr(raw)[2:-1].encode(),
        **dict(_base64(raw)),
    }


def _base64(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Base64 of anything that holds it: three alignments, without the characters that its neighbours colour."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        last = len(encoded) - (1 if (before + len(raw)) % 3 else 0)
        inner = encoded[(0, 2, 3)[before] : last]
        yield f"base64 at {before}", inner
        yield f"base64url at {before}", inner.replace(b"+", b"-").replace(b"/", b"_")


def found(canaries: Mapping[str, str], content: bytes | str) -> list[str]:
    """Which canaries are in there, and in which form; never the canary itself."""
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return [
        f"{name} ({form})"
        for name, canary in canaries.items()
        for form, text in forms(canary).items()
        if text in data and (not text.isdigit() or _stands_alone(text, data))
    ]


def _stands_alone(digits: bytes, data: bytes) -> bool:
    """Whether a few digits are a number of their own, not a part of a longer one, of an id or of a duration."""
    return re.search(rb"(?<![0-9A-Za-z.])%b(?![0-9A-Za-z])" % digits, data) is not None
