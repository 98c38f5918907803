"""A name as a message may repeat it: what is no name, or longer than any, is not repeated in full."""

from __future__ import annotations

__all__ = ["quoted"]

_LONGEST = 60


def quoted(name: object) -> str:
    """A name in quotes, on one line, cut where it is longer than a name is; its type where it is no text."""
    if not isinstance(name, str):
        return f"a value of the type {type(name).__name__[:_LONGEST]!r}"
    cut = name[:_LONGEST]
    shown = repr(cut) if cut.isprintable() else ascii(cut)
    return shown if len(name) <= _LONGEST else f"{shown[:-1]}…{shown[-1]}"
