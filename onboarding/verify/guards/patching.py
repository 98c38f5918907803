"""How a guard is left out: something else stands in its place for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["in_place_of"]


@contextmanager
def in_place_of(owner: Any, name: str, new: Any) -> Iterator[Any]:
    """Put ``new`` in the place of an attribute; gives what stood there, as it stood there."""
    old = vars(owner)[name] if name in vars(owner) else getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield old
    finally:
        setattr(owner, name, old)
