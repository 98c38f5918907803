"""The mailbox: every message that a person would have got on a mobile or by e-mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from onboarding.sandbox.clock import SandboxClock, stamp

__all__ = ["Channel", "Mailbox", "Message"]


class Channel(StrEnum):
    """How a message travels."""

    SMS = "sms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Message:
    """One verification code on its way.

    Attributes:
        n: its number, from 1; it goes on counting when the mailbox is emptied.
        at: when it was sent, by the sandbox's clock.
        to: the mobile number or e-mail address.
        channel: ``sms`` or ``email``.
        purpose: what the code is for, in the contract's words (2.1's ``type``; ``Register`` by e-mail).
        code: the code.
        sent: false where the code went back in the answer instead (contract 2.1, ``sendSms=false``).
    """

    n: int
    at: str
    to: str = field(repr=False)
    channel: str
    purpose: str
    code: str = field(repr=False)
    sent: bool = True


class Mailbox:
    """All messages, newest last."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._messages: list[Message] = []
        self._latest: dict[str, Message] = {}
        self._count = 0

    def put(self, to: str, channel: Channel, purpose: str, code: str, *, sent: bool) -> None:
        """Deliver one message."""
        self._count += 1
        at = stamp(self._clock.now())
        message = Message(self._count, at, to, channel.value, purpose, code, sent)
        self._messages.append(message)
        self._latest[to] = message

    def messages(self, to: str | None = None) -> list[Message]:
        """The messages to one recipient, or to all."""
        return [m for m in self._messages if to is None or m.to == to]

    def latest(self, to: str) -> Message | None:
        """The newest message to one recipient."""
        return self._latest.get(to)

    def clear(self) -> None:
        """Empty the mailbox."""
        self._messages.clear()
        self._latest.clear()
