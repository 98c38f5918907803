"""Contract 2.1, 2.2 and 2.14: codes go out, a ticket comes back."""

from __future__ import annotations

from onboarding.sandbox.addresses import checked_email, checked_phone
from onboarding.sandbox.codes import Purpose
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.ledger import Effect
from onboarding.sandbox.mailbox import Channel
from onboarding.sandbox.mcodes import Mcode, Refusal

__all__ = ["send_email_code", "send_mobile_code", "verify_mobile_code"]


def send_mobile_code(sandbox: Sandbox, phone: str, purpose: str, *, send_sms: bool = True) -> str | None:
    """Contract 2.1: a code by text message, or in the answer where ``send_sms`` is false."""
    checked_phone(phone)
    wanted = Purpose(purpose)
    if wanted is Purpose.REGISTER:
        sandbox.users.refuse_taken_phone(phone)
    if wanted is Purpose.RESET_PASSWORD and sandbox.users.with_phone(phone) is None:
        raise Refusal(Mcode.UNKNOWN_LOGIN)
    code = sandbox.codes.issue(phone, wanted, sandbox.clock.now())
    sandbox.mailbox.put(phone, Channel.SMS, wanted, code, sent=send_sms)
    effect = Effect.CODE_SENT if send_sms else Effect.CODE_ISSUED
    sandbox.ledger.record(effect, "2.1", phone, purpose=wanted.value, channel=Channel.SMS.value)
    return None if send_sms else code


def verify_mobile_code(sandbox: Sandbox, phone: str, code: str) -> str:
    """Contract 2.2: uses the code up, whatever it was requested for, and gives a ticket."""
    checked_phone(phone)
    now = sandbox.clock.now()
    purpose = sandbox.codes.redeem(phone, Purpose, code, now)
    sandbox.ledger.record(Effect.CODE_USED, "2.2", phone, purpose=purpose.value)
    ticket = sandbox.tickets.issue(phone, code, now)
    sandbox.ledger.record(Effect.TICKET_ISSUED, "2.2", phone)
    return ticket


def send_email_code(sandbox: Sandbox, email: str) -> None:
    """Contract 2.14: a code to register with, by e-mail."""
    checked_email(email)
    sandbox.users.refuse_taken_email(email)
    code = sandbox.codes.issue(email.lower(), Purpose.REGISTER, sandbox.clock.now())
    sandbox.mailbox.put(email, Channel.EMAIL, Purpose.REGISTER, code, sent=True)
    sandbox.ledger.record(Effect.CODE_SENT, "2.14", email, purpose=Purpose.REGISTER.value, channel=Channel.EMAIL.value)
