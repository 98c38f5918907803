"""The sandbox itself: all its books, one clock, no HTTP."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from typing import Any

from onboarding.clock import Clock
from onboarding.sandbox.accounts import blank_account_info, fill_in
from onboarding.sandbox.agenda import Agenda
from onboarding.sandbox.clock import SandboxClock
from onboarding.sandbox.codes import CodeBook
from onboarding.sandbox.config import SandboxConfig
from onboarding.sandbox.faults import FaultBook
from onboarding.sandbox.ledger import Effect, Ledger, RequestLog
from onboarding.sandbox.mailbox import Mailbox
from onboarding.sandbox.mcodes import Mcode, Refusal
from onboarding.sandbox.passwords import PasswordDigest
from onboarding.sandbox.tasks import TaskBook
from onboarding.sandbox.tickets import TicketBook
from onboarding.sandbox.users import User, UserBook

__all__ = ["Sandbox"]


class Sandbox:
    """A broker in memory. It belongs to one event loop: from another thread, use the desk over HTTP.

    Args:
        config: how it behaves.
        clock: the time it starts from; ``clock.advance`` moves only the sandbox.
    """

    users: UserBook
    codes: CodeBook
    tickets: TicketBook
    tasks: TaskBook
    mailbox: Mailbox
    faults: FaultBook
    ledger: Ledger
    requests: RequestLog
    agenda: Agenda

    def __init__(self, config: SandboxConfig | None = None, clock: Clock | None = None) -> None:
        self.config = config or SandboxConfig()
        self.clock = SandboxClock(clock)
        self.reset()

    def __repr__(self) -> str:
        return f"<Sandbox tenant {self.config.tenant_id}>"

    def reset(self) -> None:
        """Forget everything, requests that have not landed yet included; back to the clock and the seed."""
        config = self.config
        self.clock.reset()
        self._rng = random.Random(config.seed)  # noqa: S311  # a test wants its codes repeatable
        self.agenda = Agenda(self.clock)
        self.ledger = Ledger(self.clock)
        self.requests = RequestLog(self.clock, config.requests_kept)
        self.mailbox = Mailbox(self.clock)
        self.faults = FaultBook()
        self.users = UserBook()
        self.codes = CodeBook(lifetime=config.code_lifetime, tries=config.code_tries, rng=self._rng)
        self.tickets = TicketBook(tenant_id=config.tenant_id, lifetime=config.ticket_lifetime)
        self.tasks = TaskBook(self.clock, self.agenda, self.ledger, self._new_id)

    def settle(self) -> None:
        """Let everything happen that is due by now. Call it before reading a book directly."""
        self.agenda.settle()

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's time ahead and let happen what falls due on the way."""
        self.settle()
        self.clock.advance(seconds)
        self.settle()

    def register(
        self,
        endpoint: str,
        name: str,
        password: str,
        *,
        phone: str | None = None,
        email: str | None = None,
        language: str = "en-US",
        trading_accounts: list[dict[str, Any]] | None = None,
        account_info: Mapping[str, Any] | None = None,
    ) -> User:
        """Enter a new user; ``account_info`` is laid over the blank one.

        Raises:
            Refusal: number or address are taken.
        """
        user = User(
            self._new_id(),
            name,
            PasswordDigest.of(password),
            self.clock.now(),
            phone=phone,
            email=email,
            language=language,
            trading_accounts=trading_accounts or [],
        )
        user.account_info = blank_account_info(user, self.config.extra_fields)
        fill_in(user.account_info, account_info or {})
        self.users.add(user)
        self.ledger.record(Effect.USER_REGISTERED, endpoint, phone or email or user.id, userId=user.id)
        return user

    def refuse_weak(self, password: str) -> None:
        """Raise the refusal of every endpoint that sets a password, if it does not meet the tenant's rule."""
        if not self.config.strength.accepts(password):
            raise Refusal(Mcode.PASSWORD_WEAK)

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
