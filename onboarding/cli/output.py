"""Results on standard output: one JSON document, or words that a terminal takes."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["STYLES", "ago", "clean", "console_on", "length", "moment", "print_json"]

STYLES = {
    "working": "blue", "polling": "magenta", "waiting": "yellow", "parked": "bold red", "done": "green",
    "failed": "red", "cancelled": "dim",
    "ok": "green", "problem": "bold red",
}  # fmt: skip
"""A colour for each status, and for what a check says."""

_WIDE = 240
"""Columns where no terminal says how many there are: a table in a file is not folded."""
_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400


def print_json(document: Any) -> None:
    """Print one JSON document: the only thing on standard output."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def console_on(stream: IO[str] | None = None) -> Console:
    """A console: of the terminal's width, or wide where there is none."""
    from rich.console import Console

    stream = stream or sys.stdout
    return Console(
        file=stream, width=None if stream.isatty() else _WIDE, highlight=False, soft_wrap=not stream.isatty()
    )


def clean(text: str) -> str:
    """Without what would steer a terminal: a word of the other side may stand in it."""
    return "".join(character if character.isprintable() else " " for character in text)


def length(span: timedelta | float) -> str:
    """A length of time in its two largest units at most: ``4 d 2 h``, ``90 ms``."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < _SECOND:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 * _SECOND else f"{seconds:.0f} s"
    for unit, size, name, below in ((_MINUTE, _HOUR, "min", "s"), (_HOUR, _DAY, "h", "min")):
        if seconds < size:
            part = int(seconds % unit // (unit // 60))
            return f"{int(seconds // unit)} {name}" + (f" {part} {below}" if part else "")
    hours = int(seconds % _DAY // _HOUR)
    return f"{int(seconds // _DAY)} d" + (f" {hours} h" if hours else "")


def ago(when: datetime) -> str:
    """How long ago something was."""
    return length(max(timedelta(), datetime.now(UTC) - when))


def moment(when: datetime) -> str:
    """A time of the day here, with its date where that is not today."""
    local, today = when.astimezone(), datetime.now().astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"
