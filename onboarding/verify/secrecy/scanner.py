"""Looks for canaries in bytes and text, as they are and in every form into which a program could put them. Pure."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

__all__ = ["BINARY", "FORMS", "Hit", "Scanner", "planted"]

_SHORTEST = 6
"""Bytes of which every needle has at least so many; shorter values are words, not secrets."""
_GRAM = 4
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_CHUNK = 1 << 18
_DIGITS = [re.compile(rb"[0-9]{%d}" % length) for length in (4, 3, 2)]
_BACKSLASHES = re.compile(rb"\\+")
_ESCAPES = re.compile(rb"""\\+(?:u([0-9a-fA-F]{4})|(["'/]))""")


def _json(text: str, *, ascii_only: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


FORMS: dict[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "hex with blanks": lambda text: text.encode().hex(" ").encode(),
    "url": lambda text: quote(text, safe="").encode(),
    "url in small letters": lambda text: _small(quote(text, safe="")).encode(),
    "url, slashes kept": lambda text: quote(text).encode(),
    "url in url": lambda text: quote(quote(text, safe=""), safe="").encode(),
    "form": lambda text: quote_plus(text).encode(),
    "json": lambda text: _json(text).encode(),
    "json, not escaped": lambda text: _json(text, ascii_only=False).encode(),
    "json in json": lambda text: _json(_json(text)).encode(),
    "json in json in json": lambda text: _json(_json(_json(text))).encode(),
    "repr": lambda text: repr(text)[1:-1].encode(),
    "repr of bytes": lambda text: repr(text.encode())[2:-1].encode(),
    "html": lambda text: html.escape(text).encode(),
    **{f"base64 at {n}": lambda text, n=n: _base64(text, n) for n in range(3)},  # type: ignore[misc]
    **{f"base64url at {n}": lambda text, n=n: _base64(text, n).translate(_URLSAFE) for n in range(3)},  # type: ignore[misc]
}
"""How a canary looks in each form."""

BINARY = frozenset({"utf-16-le", "utf-16-be"})
"""Forms that only bytes can have."""


def _small(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _base64(text: str, before: int) -> bytes:
    """The part of base64 that only the canary decides: so many bytes stand before it, any may stand after it."""
    raw = text.encode()
    encoded = base64.b64encode(bytes(before) + raw).rstrip(b"=")
    return encoded[(0, 2, 3)[before] : len(encoded) - (1 if (before + len(raw)) % 3 else 0)]


def planted(canary: str, form: str) -> bytes:
    """Something in which a canary is hidden in a form, as a program would write it."""
    if form.startswith("base64"):
        whole = base64.b64encode(b"~" * int(form[-1]) + canary.encode() + b"~~")
        return whole.translate(_URLSAFE) if form.startswith("base64url") else whole
    return FORMS[form](canary)


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A canary that got out: by its name and its form, never itself."""

    canary: str
    form: str


class Scanner:
    """Finds many canaries in one walk through the content.

    Args:
        canaries: by their names, which say what they are; values shorter than six bytes are left out.
    """

    def __init__(self, canaries: Mapping[str, str]) -> None:
        self._needles: dict[int, list[tuple[bytes, Hit]]] = {}
        for name, value in canaries.items():
            for form, write in FORMS.items():
                needle = _BACKSLASHES.sub(rb"\\", write(value))
                if len(value.encode()) >= _SHORTEST:
                    self._needles.setdefault(_rarest_gram(needle), []).append((needle, Hit(name, form)))

    def scan(self, content: bytes | str) -> list[Hit]:
        """Every canary in there, with the forms in which it is."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        # However often something was quoted within a quotation, one backslash is left of many.
        versions = [data]
        if b"\\" in data:
            versions += [_BACKSLASHES.sub(rb"\\", each) for each in (data, _ESCAPES.sub(_unescaped, data))]
        return sorted({hit for version in versions for hit in self._hits(version)})

    def _hits(self, data: bytes) -> Iterator[Hit]:
        checked: dict[bytes, bool] = {}
        for gram in self._needles.keys() & _grams(data):
            for needle, hit in self._needles[gram]:
                if needle not in checked:
                    checked[needle] = needle in data and (not needle.isdigit() or _stands_alone(needle, data))
                if checked[needle]:
                    yield hit


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """The letter that JSON has escaped, whatever it was escaped again in."""
    return chr(int(escape[1], 16)).encode("utf-8", "surrogatepass") if escape[1] else escape[2]


def _grams(data: bytes) -> set[int]:
    """Every four bytes in a row, as a number: a walk that costs little, whatever is looked for."""
    found: set[int] = set()
    for start in range(0, len(data), _CHUNK):
        piece = memoryview(data)[start : start + _CHUNK + _GRAM - 1]
        for offset in range(_GRAM):
            whole = (len(piece) - offset) // _GRAM * _GRAM
            found.update(piece[offset : offset + whole].cast("I"))
    return found


def _rarest_gram(needle: bytes) -> int:
    """Four bytes of it that are rare elsewhere: digits, where it has some in a row, else those in its middle."""
    digits = next((found for form in _DIGITS if (found := form.search(needle))), None)
    start = min(digits.start() if digits is not None else len(needle) // 2, len(needle) - _GRAM)
    return memoryview(needle[start : start + _GRAM]).cast("I")[0]


def _stands_alone(digits: bytes, data: bytes) -> bool:
    """Whether a few digits are a number of their own, not a part of a longer one, of an id or of a duration."""
    return re.search(rb"(?<![0-9A-Za-z.])%b(?![0-9A-Za-z])" % digits, data) is not None
