"""Contract 2.3, 2.6 and 2.9: passwords are reset, proved and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onboarding.sandbox.addresses import checked_email, checked_phone
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.ledger import Effect
from onboarding.sandbox.mcodes import Mcode, Refusal
from onboarding.sandbox.passwords import PasswordDigest
from onboarding.sandbox.users import User

__all__ = ["change_password", "log_in", "reset_password"]


def reset_password(sandbox: Sandbox, phone: str, new_password: str, verified: str, ticket: str) -> None:
    """Contract 2.3: with a ticket of 2.2, which a refused password leaves unused. It does not lift a lock."""
    checked_phone(phone)
    sandbox.tickets.check(ticket, phone, sandbox.clock.now())
    user = sandbox.users.with_phone(phone)
    if user is None:  # a ticket out of a code that was requested to register: there is nothing that it opens
        raise Refusal(Mcode.TICKET_STALE)
    if new_password != verified:
        raise Refusal(Mcode.PASSWORDS_DIFFER)
    sandbox.refuse_weak(new_password)
    sandbox.tickets.use(ticket)
    user.password = PasswordDigest.of(new_password)
    sandbox.ledger.record(Effect.PASSWORD_RESET, "2.3", phone, userId=user.id)


def log_in(sandbox: Sandbox, login_name: str, password: str) -> dict[str, Any]:
    """Contract 2.6: by mobile number or e-mail address. Failures in a row lock the account."""
    if "@" in login_name:
        checked_email(login_name)
    user = sandbox.users.with_login_name(login_name)
    if user is None:
        sandbox.ledger.record(Effect.LOGIN_FAILED, "2.6", login_name, reason="unknown")
        raise Refusal(Mcode.UNKNOWN_LOGIN)
    now = sandbox.clock.now()
    if user.locked_until is not None and user.locked_until <= now:
        user.locked_until, user.failed_logins = None, 0
    if user.locked_until is not None:
        _failed(sandbox, user, login_name, "locked")
        raise Refusal(Mcode.ACCOUNT_LOCKED)
    if not user.password.matches(password):
        user.failed_logins += 1
        if user.failed_logins >= sandbox.config.login_failures:
            user.locked_until = now + timedelta(seconds=sandbox.config.lock_lifetime)
        _failed(sandbox, user, login_name, "wrong")
        raise Refusal(Mcode.CREDENTIALS_WRONG)
    user.failed_logins = 0
    user.last_login = now
    sandbox.ledger.record(Effect.LOGGED_IN, "2.6", login_name, userId=user.id)
    return user.login()


def change_password(sandbox: Sandbox, user_id: str, old_password: str, new_password: str, verified: str) -> None:
    """Contract 2.9: with the password in force."""
    user = sandbox.users.with_id(user_id)
    if not user.password.matches(old_password):
        raise Refusal(Mcode.OLD_PASSWORD_WRONG)
    if new_password != verified:
        raise Refusal(Mcode.PASSWORDS_DIFFER)
    if new_password == old_password:
        raise Refusal(Mcode.PASSWORD_REUSED)
    sandbox.refuse_weak(new_password)
    user.password = PasswordDigest.of(new_password)
    sandbox.ledger.record(Effect.PASSWORD_CHANGED, "2.9", user.id, userId=user.id)


def _failed(sandbox: Sandbox, user: User, login_name: str, reason: str) -> None:
    locked = user.locked_until is not None
    sandbox.ledger.record(Effect.LOGIN_FAILED, "2.6", login_name, userId=user.id, reason=reason, locked=locked)
