"""Is told of news by the server (``LISTEN``), on a connection and a thread of its own."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from onboarding.journal.postgres.address import Address
from onboarding.journal.postgres.session import CHANNEL, connect

__all__ = ["Listener"]

_SILENCE = 20.0
"""Seconds without news after which the server is asked whether it is there."""
_LONGEST_PAUSE = 5.0


class Listener:
    """Hears what processes tell each other.

    Args:
        address: the server.
        heard: called on the thread with each word; with an empty one whenever it begins to hear, because something
            may have been told before.
    """

    def __init__(self, address: Address, heard: Callable[[str], None]) -> None:
        self._address = address
        self._heard = heard
        self._ours, self._theirs = socket.socketpair()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="onboarding-listener", daemon=True)
        self.is_listening = False
        """Whether news come through at present."""

    def start(self) -> None:
        """Begin, on the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End, and let go of the connection."""
        self._stopping.set()
        self._theirs.send(b"\0")
        self._thread.join()
        self._ours.close()
        self._theirs.close()

    def _run(self) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            try:
                with connect(self._address) as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    self.is_listening, pause = True, 0.1
                    self._heard("")
                    self._hear(connection)
            except (psycopg.Error, OSError):
                pass  # the journal's own connection says what is wrong
            self.is_listening = False
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _hear(self, connection: psycopg.Connection[Any]) -> None:
        while not self._stopping.is_set():
            ready, _, _ = select.select([connection.fileno(), self._ours.fileno()], [], [], _SILENCE)
            if not ready:
                connection.execute("SELECT 1")
            for word in {notify.payload for notify in connection.notifies(timeout=0)}:
                self._heard(word)
