"""Contract 2.4, 2.5 and 2.15: three ways to become a user.

The checks come in this order: form of the address, taken, password rule, code. So a weak password leaves
the code unused, and a second registration after a lost answer is told "already registered" rather than
"code used".
"""

from __future__ import annotations

from onboarding.sandbox.addresses import checked_email, checked_phone
from onboarding.sandbox.codes import Purpose
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.ledger import Effect

__all__ = ["register_by_email", "register_by_mobile", "register_with_email_code"]


def register_by_mobile(
    sandbox: Sandbox,
    name: str,
    phone: str,
    password: str,
    code: str,
    *,
    recommend_code: str | None = None,  # noqa: ARG001  # accepted by the contract, without effect here
    custom_source: str | None = None,  # noqa: ARG001
) -> None:
    """Contract 2.4: with a code that was requested to register."""
    checked_phone(phone)
    sandbox.users.refuse_taken_phone(phone)
    sandbox.refuse_weak(password)
    _redeem(sandbox, "2.4", phone, code)
    sandbox.register("2.4", name, password, phone=phone)


def register_by_email(sandbox: Sandbox, email: str, password: str) -> None:
    """Contract 2.5: without a code; the part before the ``@`` becomes the name."""
    checked_email(email)
    sandbox.users.refuse_taken_email(email)
    sandbox.refuse_weak(password)
    sandbox.register("2.5", email.partition("@")[0], password, email=email)


def register_with_email_code(sandbox: Sandbox, name: str, email: str, password: str, code: str) -> None:
    """Contract 2.15: with the code that 2.14 sent."""
    checked_email(email)
    sandbox.users.refuse_taken_email(email)
    sandbox.refuse_weak(password)
    _redeem(sandbox, "2.15", email, code)
    sandbox.register("2.15", name, password, email=email)


def _redeem(sandbox: Sandbox, endpoint: str, to: str, code: str) -> None:
    purpose = sandbox.codes.redeem(to.lower(), (Purpose.REGISTER,), code, sandbox.clock.now())
    sandbox.ledger.record(Effect.CODE_USED, endpoint, to, purpose=purpose.value)
