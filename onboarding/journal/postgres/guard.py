"""What stands around the transactions of a session: who writes, whether it still may, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Connection

__all__ = ["Guard"]


class Guard(Protocol):
    """What stands around every transaction that writes."""

    @property
    def session(self) -> str:
        """Whose session it is, as the server shows it: 63 ASCII letters at most."""
        ...

    def begun(self, connection: Connection) -> Callable[[], int]:
        """At its beginning; what it gives tells the transaction's number, for which it may have to ask."""
        ...

    def ending(self, connection: Connection) -> None:
        """Right before it is committed."""
        ...

    def committed(self) -> None:
        """It is durable."""
        ...
