"""Every error that this package raises, in one tree.

::

    OnboardingError
    ├── SettingsError               a setting is missing or wrong
    │   └── MissingExtra            a part needs an extra that is not installed
    ├── DefinitionError             a flow that could not work, said when it is defined, or started
    ├── CallError                   a call to the Account API did not succeed
    │   ├── NotSent                 no byte of it left: it may be sent again
    │   ├── Refused                 answered with a refusal that the endpoint lists
    │   ├── RefusedByProtocol       it never could be valid: our error, or our credentials'
    │   └── InDoubt                 it may have taken effect; nobody knows yet
    ├── JournalError                the durable record cannot be read or written
    │   ├── JournalBusy             somebody else holds it
    │   ├── JournalDamaged          it cannot be trusted, and where
    │   ├── JournalConflict         a second writer lost: nothing was written
    │   └── KeyMismatch             sealed with a key that is not among the keys given
    └── JourneyError                what was asked of a journey is not possible
        ├── UnknownFlow             no flow of that name
        ├── UnknownJourney          no journey of that id
        ├── InvalidData             the fields given do not fit the flow
        ├── InputRefused            this input is not accepted now
        └── NotPossible             its state does not allow it

No message, ``args`` or ``repr`` of them holds a secret or a personal datum.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

__all__ = [
    "CallError",
    "DefinitionError",
    "InDoubt",
    "InputRefused",
    "InvalidData",
    "JournalBusy",
    "JournalConflict",
    "JournalDamaged",
    "JournalError",
    "JourneyError",
    "KeyMismatch",
    "MissingExtra",
    "NotPossible",
    "NotSent",
    "OnboardingError",
    "Refused",
    "RefusedByProtocol",
    "SettingsError",
    "UnknownFlow",
    "UnknownJourney",
]


class OnboardingError(Exception):
    """The base of all errors of this package: one sentence that says what is wrong and what to do."""


class SettingsError(OnboardingError):
    """A setting is missing or wrong; the message names it as ``ONBOARDING_…`` and says what fits."""


class MissingExtra(SettingsError, ImportError):
    """A part of the package needs an extra: ``pip install 'onboarding[EXTRA]'``."""

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra {extra!r}: pip install 'onboarding[{extra}]'")


class DefinitionError(OnboardingError, TypeError):
    """A flow that could not work, named: raised when its class is defined, or at a start where only that shows it."""


class CallError(OnboardingError):
    """A call to the Account API did not succeed.

    Args:
        reason: what happened, in words of ours (never text of the other side).
        endpoint: the endpoint's name, such as ``reset_password``.
        mcode: the result code of the answer, where there was one.
        http_status: the HTTP status of the answer, where there was one.
        duration: seconds from the start of the call until this was known.
        retry_after: seconds that the other side asked to wait, where it did.
    """

    outcome: ClassVar[str] = "in_doubt"

    def __init__(
        self,
        reason: str,
        *,
        endpoint: str,
        mcode: str | None = None,
        http_status: int | None = None,
        duration: float = 0.0,
        retry_after: float | None = None,
    ) -> None:
        self.reason = reason
        self.endpoint = endpoint
        self.mcode = mcode
        self.http_status = http_status
        self.duration = duration
        self.retry_after = retry_after
        facts = [f"HTTP {http_status}"] if http_status is not None else []
        facts += [f"mcode {mcode}"] if mcode is not None else []
        super().__init__(f"{endpoint}: {reason}" + (f" ({', '.join(facts)})" if facts else ""))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by attributes: the constructor takes keywords that ``args`` does not hold."""
        return (_rebuild, (type(self), self.__dict__, self.args))


def _rebuild(cls: type[CallError], state: dict[str, object], args: tuple[object, ...]) -> CallError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class NotSent(CallError):
    """No byte of the request left, or the other side says that it did not look at it: it may be sent again."""

    outcome = "not_sent"


class Refused(CallError):
    """The service answered with a refusal that the endpoint's table lists.

    Attributes:
        meaning: what it means, a value of ``onboarding.api.Meaning`` such as ``code_wrong``.
    """

    outcome = "refused"

    def __init__(self, reason: str, *, meaning: str, endpoint: str, mcode: str | None = None,
                 http_status: int | None = None, duration: float = 0.0) -> None:  # fmt: skip
        self.meaning = meaning
        super().__init__(reason, endpoint=endpoint, mcode=mcode, http_status=http_status, duration=duration)


class RefusedByProtocol(CallError):
    """The request never could be valid: wrong address, token, tenant or form. It had no effect."""

    outcome = "refused_by_protocol"


class InDoubt(CallError):
    """The request may have taken effect: a time-out, a broken or unknown answer, a 5xx. Find out first."""

    outcome = "in_doubt"


class JournalError(OnboardingError):
    """The durable record cannot be read or written."""


class JournalBusy(JournalError):
    """Somebody else holds the journal, and did not let go in time."""


class JournalDamaged(JournalError):
    """The journal, or a row of it, cannot be trusted; the message says which and what to do.

    Attributes:
        journey: the one journey that is damaged; None: it is more than one.
    """

    def __init__(self, message: str, *, journey: str | None = None) -> None:
        self.journey = journey
        super().__init__(message)


class JournalConflict(JournalError):
    """A second writer changed the journey first: nothing was written."""


class KeyMismatch(JournalError):
    """Data is sealed with a key that is not among the keys given."""


class JourneyError(OnboardingError):
    """What was asked of a journey is not possible."""


class UnknownFlow(JourneyError):
    """No flow of that name is known; the message lists those that are."""


class UnknownJourney(JourneyError):
    """The journal holds no journey of that id."""


class InvalidData(JourneyError):
    """The fields given do not fit; the message names each field, never its value."""


class InputRefused(JourneyError):
    """The journey does not accept this input now.

    Attributes:
        retry_at: when it would be accepted, where that is known (a resend within its cooldown).
    """

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        self.retry_at = retry_at
        super().__init__(message)


class NotPossible(JourneyError):
    """The journey's state does not allow what was asked (retry, resolve, cancel)."""
