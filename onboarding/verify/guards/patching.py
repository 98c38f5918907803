"""How a guard is left out: something else stands in its place for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["in_place_of"]


@contextmanager
def in_place_of(owner: Any, name: str, new: Any) -> Iterator[None]:
    """Put ``new`` in the place of an attribute of a module or a class.

    Raises ``AttributeError`` where there is none: a guard that was renamed must not be left out in name only.
    """
    inherited = name not in vars(owner)
    old = getattr(owner, name) if inherited else vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        if inherited:
            delattr(owner, name)
        else:
            setattr(owner, name, old)
