"""Faults: everything that can go wrong between a client and the broker, on demand.

================ ======================================== ====================================
kind             what the client sees                     what happens in the sandbox
================ ======================================== ====================================
``delay``        the ordinary answer, ``seconds`` late    the effect, at once
``drop_before``  the connection closes, no answer         nothing
``drop_after``   the connection closes, no answer         the effect
``late_landing`` the connection closes, no answer         the effect, ``seconds`` later
``hang``         no answer; it closes after ``seconds``   nothing, or ``effect: true``
``error_500``    HTTP 500, a JSON error page              nothing, or ``effect: true``
``html_502``     HTTP 502, a proxy's HTML page            nothing, or ``effect: true``
``broken_json``  HTTP 200, an envelope cut short          the effect, or ``effect: false``
``system_error`` an envelope with ``mcode`` ``-1``        nothing, or ``effect: true``
``throttle_429`` HTTP 429, ``retry-after`` where set      nothing
================ ======================================== ====================================

Over HTTP a connection really closes: not one byte of an answer. In process (an ASGI transport without a
connection) :class:`ConnectionDropped` is raised out of the app instead.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onboarding.errors import OnboardingError
from onboarding.sandbox.sections import SECTIONS

__all__ = ["DROP", "ConnectionDropped", "Fault", "FaultBook", "FaultKind", "FaultRule"]

DROP = "onboarding.sandbox.drop"
"""The ASGI extension that a server offers: a function that aborts the request's connection."""


class ConnectionDropped(OnboardingError, ConnectionResetError):
    """Only in process: the sandbox dropped this request without an answer, because a fault says so."""


class FaultKind(StrEnum):
    """What goes wrong; the module's table says how."""

    DELAY = "delay"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    LATE_LANDING = "late_landing"
    HANG = "hang"
    ERROR_500 = "error_500"
    HTML_502 = "html_502"
    BROKEN_JSON = "broken_json"
    SYSTEM_ERROR = "system_error"
    THROTTLE_429 = "throttle_429"


_TIMED = {FaultKind.DELAY, FaultKind.LATE_LANDING}
_ANSWERED_WITH_ERROR = {FaultKind.ERROR_500, FaultKind.HTML_502, FaultKind.THROTTLE_429}
_EFFECT_OPTIONAL = {
    FaultKind.HANG,
    FaultKind.ERROR_500,
    FaultKind.HTML_502,
    FaultKind.BROKEN_JSON,
    FaultKind.SYSTEM_ERROR,
}


class FaultRule(BaseModel):
    """A fault as it is asked for.

    Attributes:
        endpoint: the contract's section such as ``2.3``, or ``*`` for all.
        kind: what goes wrong.
        seconds: how long; needed by ``delay`` and ``late_landing``, optional for ``hang``.
        retry_after: the ``retry-after`` header of 429, 500, 502: seconds, or any text.
        times: how often at most; for ever without it.
        rate: the share of requests that it befalls, from 0 to 1.
        seed: makes ``rate`` befall the same requests every time.
        skip: how many requests pass first.
        effect: whether the request takes effect; the default is the kind's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str
    kind: FaultKind
    seconds: float | None = Field(None, ge=0, le=86_400)
    retry_after: int | str | None = None
    times: int | None = Field(None, ge=1)
    rate: float = Field(1.0, ge=0, le=1)
    seed: int | None = None
    skip: int = Field(0, ge=0)
    effect: bool | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.endpoint != "*" and self.endpoint not in SECTIONS:
            raise ValueError("endpoint is neither a section of the contract nor *")
        if self.kind in _TIMED and self.seconds is None:
            raise ValueError(f"{self.kind} needs seconds")
        if self.seconds is not None and self.kind not in _TIMED | {FaultKind.HANG}:
            raise ValueError(f"{self.kind} has no seconds")
        if self.retry_after is not None and self.kind not in _ANSWERED_WITH_ERROR:
            raise ValueError(f"{self.kind} has no retry_after")
        if isinstance(self.retry_after, str) and not (self.retry_after.isascii() and self.retry_after.isprintable()):
            raise ValueError("retry_after is not a header's text")
        if self.effect is not None and self.kind not in _EFFECT_OPTIONAL:
            raise ValueError(f"{self.kind} has no choice of effect")
        return self

    @property
    def takes_effect(self) -> bool:
        """Whether the request takes effect before the client sees anything."""
        if self.effect is not None:
            return self.effect
        return self.kind in (FaultKind.DELAY, FaultKind.DROP_AFTER, FaultKind.BROKEN_JSON)


@dataclass(slots=True)
class Fault:
    """A fault in force, and how often it was asked (``seen``) and happened (``fired``)."""

    id: int
    rule: FaultRule
    rng: random.Random = field(repr=False)
    seen: int = 0
    fired: int = 0

    def befalls(self, section: str) -> bool:
        """Whether it happens to this request of ``section``; counts."""
        rule = self.rule
        if rule.endpoint not in ("*", section) or (rule.times is not None and self.fired >= rule.times):
            return False
        self.seen += 1
        if self.seen <= rule.skip or (rule.rate < 1 and self.rng.random() >= rule.rate):
            return False
        self.fired += 1
        return True


class FaultBook:
    """The faults in force, asked in the order they were set; the first that happens is the only one."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._count = 0

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def add(self, rule: FaultRule) -> Fault:
        """Put a fault in force."""
        self._count += 1
        fault = Fault(self._count, rule, random.Random(rule.seed))  # noqa: S311  # repeatable, not secret
        self._faults.append(fault)
        return fault

    def remove(self, fault_id: int) -> bool:
        """End one fault; false if there is none of this id."""
        before = len(self._faults)
        self._faults = [fault for fault in self._faults if fault.id != fault_id]
        return len(self._faults) < before

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()

    def befalling(self, section: str) -> FaultRule | None:
        """What happens to a request of ``section``, if anything does."""
        return next((fault.rule for fault in self._faults if fault.befalls(section)), None)
