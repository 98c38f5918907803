"""What a forked child must not do: go on with a journal that was open in its parent.

SQLite in the child still counts the parent's file locks as its own. A second connection there would take none, and the
parent would throw the write-ahead log away under it: such a process does not open that file again.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

from onboarding.errors import JournalError

__all__ = ["forked", "inherited", "watch"]


class _Open(Protocol):
    """What works on a journal with a thread, which a child does not have."""

    @property
    def place(self) -> str:
        """Where it is."""
        ...

    def abandon(self) -> bool:
        """Whether it was open."""
        ...


_OPEN: weakref.WeakSet[_Open] = weakref.WeakSet()
_INHERITED: set[str] = set()
"""The journals that were open in this process' parent when it was forked off."""


def watch(journal: _Open) -> None:
    """Have it abandoned in a child that is forked off while it lives."""
    _OPEN.add(journal)


def inherited(place: str) -> bool:
    """Whether this process was forked off while that journal was open."""
    return place in _INHERITED


def forked(place: str) -> JournalError:
    """The refusal of such a journal."""
    return JournalError(f"the journal {place} was open when this process was forked: open it after the fork, or spawn")


def _in_child() -> None:
    for journal in list(_OPEN):
        if journal.abandon():
            _INHERITED.add(journal.place)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
