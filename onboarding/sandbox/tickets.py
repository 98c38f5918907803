"""Tickets: what 2.2 gives for a code, and 2.3 takes once."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from onboarding.sandbox.mcodes import Mcode, Refusal

__all__ = ["TicketBook"]


class TicketBook:
    """The tickets that may still be used, by their text."""

    def __init__(self, *, tenant_id: str, lifetime: float) -> None:
        self._tenant_id = tenant_id
        self._lifetime = timedelta(seconds=lifetime)
        self._tickets: dict[str, tuple[str, datetime]] = {}

    def issue(self, phone: str, code: str, now: datetime) -> str:
        """A ticket: base64 of tenant, ``TW``, phone and code, as in the contract's sample."""
        ticket = base64.b64encode(f"{self._tenant_id}TW{phone}{code}".encode()).decode()
        self._tickets[ticket] = (phone, now + self._lifetime)
        return ticket

    def check(self, ticket: str, phone: str, now: datetime) -> None:
        """Let a usable ticket of ``phone`` pass.

        Raises:
            Refusal: the ticket is unknown, used, expired or another number's.
        """
        owner, expires = self._tickets.get(ticket, (None, now))
        if owner != phone or expires <= now:
            raise Refusal(Mcode.TICKET_STALE)

    def use(self, ticket: str) -> None:
        """Use the ticket up."""
        del self._tickets[ticket]
