"""Junk: what nobody means to hand in, and somebody does. All of it holds the case's canary where it can."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from pydantic import SecretStr

__all__ = ["argument", "canary_of", "document", "name", "text", "value"]

_ODD = (
    "\u202e",
    "\u0000",
    "\u001b[2J",
    "\u2028",
    "\ufeff",
    "\U0001f511",
    "\u0301",
    "\ud800",
    "\udcff",
    "\n",
    "\r\n",
    "\t",
    "'",
    '"',
    "\\",
    "%s",
    "{0}",
    "{canary}",
    "$(id)",
    "[/bold]",
    "[red]",
    "--",
    "../",
    ";",
    "\u00a0",
    "\u0661",
)
_WORDS = (
    "",
    " ",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "nan",
    "0x10",
    "\u0661\u0662",
    "2026-13-45",
    "P1Y",
    "9" * 5000,
    "*",
    "a:b",
    "json:loads",
    "os:system",
    "None",
    "[]",
    "{}",
    "[",
    "{",
    '"',
    "'",
    "\\",
    "~",
    "-",
    "--",
    "@",
    "@-",
    "=",
)
_DEEP = 3000


def canary_of(rng: random.Random) -> str:
    """A word that occurs nowhere else: where it shows, a value has shown."""
    return f"Canary{rng.getrandbits(40):010x}Z"


def text(rng: random.Random, canary: str) -> str:
    """A text of any kind."""
    kind = rng.random()
    if kind < 0.3:  # noqa: PLR2004 - a weight, as those below
        return rng.choice(_WORDS)
    if kind < 0.5:  # noqa: PLR2004
        return canary
    if kind < 0.85:  # noqa: PLR2004
        return rng.choice(_ODD) + canary + rng.choice(_ODD)
    if kind < 0.97:  # noqa: PLR2004
        return "".join(
            chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x300), rng.randrange(0x10FFFF))))
            for _ in range(rng.randrange(30))
        )
    return canary * rng.choice((300, 4_000, 60_000))


def name(rng: random.Random, known: tuple[str, ...]) -> str:
    """A name: one that is known, one that is nearly so, or none at all. No canary: a name may be repeated."""
    kind = rng.random()
    if kind < 0.5 and known:  # noqa: PLR2004
        return rng.choice(known)
    if kind < 0.7 and known:  # noqa: PLR2004
        near = rng.choice(known)
        return rng.choice(
            (near.upper(), near + "s", near[1:], f" {near}", near.replace("_", "-"), near + rng.choice(_ODD))
        )
    return rng.choice((*_WORDS, *_ODD, "__class__", "self", "model_config", "a" * 100_000))


def argument(rng: random.Random, canary: str) -> str:
    """A text as an argument of a program or a variable of its environment can be: without NUL, at most 100,000 long."""
    found = text(rng, canary).replace("\0", "\ufffd")[:100_000]
    return found.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")


def document(rng: random.Random, canary: str, names: tuple[str, ...]) -> bytes:
    """A file that should hold a JSON object: sometimes it does."""
    word = rng.choice(names) if names else "value"
    made: tuple[Callable[[], str | bytes], ...] = (
        lambda: "",
        lambda: "{",
        lambda: f'{{"{word}": "{canary}"',
        lambda: f'["{canary}"]',
        lambda: f'"{canary}"',
        lambda: f'{{"{canary}": 1}}',
        lambda: f'{{"{word}": {{"{canary}": ["{canary}"]}}}}',
        lambda: f'{{"{word}": NaN}}',
        lambda: f'{{"{word}": 1, "{word}": "{canary}"}}',
        lambda: f'{{"{word}": {"9" * 5000}}}',
        lambda: f'{{"{word}": "\\ud800{canary}"}}',
        lambda: f'{{"{word}": {"[" * 100_000}',
        lambda: f'{{"{word}": null}}',
        lambda: f'{{"{word}": {"[" * _DEEP}{"]" * _DEEP}}}',
        lambda: f'{{"{word}": "{canary * 20_000}"}}',
        lambda: f'{{"{word}": true}}',
        lambda: f'{{"{word}": "{canary}",}}',
        lambda: b"\xff\xfe" + canary.encode("utf-16-le"),
        lambda: b"\0" * 64,
        lambda: rng.randbytes(200),
        lambda: b"\xef\xbb\xbf{}",
        lambda: f'{{"{word}": "{canary}"}}',
        lambda: f'{{"__class__": "{canary}"}}',
        lambda: f'{{"": "{canary}"}}',
        lambda: f'{{"{word}": 1e999}}',
    )
    found = rng.choice(made)()
    return found if isinstance(found, bytes) else found.encode()


class _Spiteful:
    """Whatever is asked of it fails, with the canary in its words."""

    def __init__(self, canary: str) -> None:
        self._canary = canary

    def _fail(self, *given: object) -> Any:
        del given
        raise RuntimeError(self._canary)

    __repr__ = __str__ = __len__ = __iter__ = __int__ = __float__ = __eq__ = __hash__ = __getitem__ = _fail
    __bool__ = _fail


def value(rng: random.Random, canary: str, depth: int = 3) -> Any:
    """A value of any type."""
    if rng.random() < 0.4:  # noqa: PLR2004
        return text(rng, canary)
    inner = (lambda: value(rng, canary, depth - 1)) if depth else (lambda: canary)
    made: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: True,
        lambda: 0,
        lambda: -1,
        lambda: 2**63,
        lambda: 10**5000,
        lambda: math.nan,
        lambda: math.inf,
        lambda: -0.0,
        lambda: 1j,
        lambda: Decimal("NaN"),
        canary.encode,
        lambda: b"\xff\xfe",
        lambda: bytearray(canary.encode()),
        lambda: SecretStr(canary),
        lambda: SecretStr("\ud800" + canary),
        lambda: PurePosixPath(canary),
        lambda: datetime.max.replace(tzinfo=UTC),
        lambda: datetime.now(UTC),
        lambda: timedelta.max,
        lambda: timedelta(-1),
        object,
        lambda: int,
        lambda: lambda: canary,
        lambda: iter([canary]),
        lambda: ValueError(canary),
        lambda: _Spiteful(canary),
        lambda: {canary, 1},
        lambda: frozenset([canary]),
        lambda: [inner(), inner()],
        lambda: (inner(),),
        lambda: {canary: inner()},
        lambda: {1: inner(), None: canary},
        lambda: _nested(canary, rng.choice((50, _DEEP))),
        lambda: _circle(canary),
        lambda: {"\ud800": canary},
        lambda: [canary] * 10_000,
        lambda: type("Word", (str,), {})(canary),
        lambda: range(10**9),
    )
    return rng.choice(made)()


def _nested(canary: str, depth: int) -> list[Any]:
    found: list[Any] = [canary]
    for _ in range(depth):
        found = [found]
    return found


def _circle(canary: str) -> list[Any]:
    found: list[Any] = [canary]
    found.append({"again": found})
    return found
