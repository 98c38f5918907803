"""The flow of the benchmark: the four calls as a user of the package writes them."""

from __future__ import annotations

from typing import ClassVar

from benchmarks.contenders.calls import USER
from onboarding import (
    ASK,
    AccountApi,
    Done,
    Email,
    Failed,
    Flow,
    Meaning,
    Secret,
    VerificationCode,
    Working,
    later,
    once,
    repeatable,
    seconds,
)

__all__ = ["BenchmarkRegistration"]


class BenchmarkRegistration(Flow, name="benchmark-registration", version=1):
    """Register a user by e-mail address, log in, and write the address to the account."""

    name: str
    email: Email
    password: Secret
    code: VerificationCode
    user_id: str = later()

    states: ClassVar = [
        Working("requesting_code"),
        Working("registering"),
        Working("proving_login"),
        Working("saving_account"),
        Done("registered", "the user is registered, and the account shows the address"),
        Failed("already_registered", "somebody is registered with this address"),
    ]
    transitions: ClassVar = [
        ["code_sent",       "requesting_code", "registering"],
        ["user_registered", "registering",     "proving_login"],
        ["address_taken",   "registering",     "already_registered"],
        ["logged_in",       "proving_login",   "saving_account"],
        ["account_saved",   "saving_account",  "registered"],
    ]  # fmt: skip

    @repeatable(then="code_sent", cooldown=seconds(60), at_most=3)
    async def requesting_code(self, api: AccountApi) -> None:
        """Call 1."""
        await api.send_email_code(self.email)

    @once(then="user_registered", in_doubt=ASK, refused={Meaning.EMAIL_TAKEN: "address_taken"})
    async def registering(self, api: AccountApi) -> None:
        """Call 2."""
        await api.register_with_email_code(self.name, self.email, self.password, self.code)

    @repeatable(then="logged_in", cooldown=seconds(10), at_most=5)
    async def proving_login(self, api: AccountApi) -> None:
        """Call 3."""
        self.user_id = (await api.log_in(self.email, self.password)).user_id

    @once(then="account_saved", in_doubt=ASK)
    async def saving_account(self, api: AccountApi) -> None:
        """Call 4."""
        assert self.user_id == USER
        await api.update_account(self.user_id, {"base": {"emails": {"emailStr": self.email}}})
