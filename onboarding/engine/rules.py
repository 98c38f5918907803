"""What the engine goes by: policies and tools that are the same for every journey."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from onboarding.clock import Clock, SystemClock
from onboarding.engine.events import Event
from onboarding.engine.retry import Backoff
from onboarding.journal import Stored

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the engine waits, retries and tells.

    Args:
        landing_delay: how long after a doubt a late request may still land; only then does absence count.
        backoff: how failures that may pass are retried.
        poll_every: replaces the time between polls of every flow (a sandbox is quicker than a review desk).
        cooldown: replaces the cooldown of every repeatable step (the same).
        step_limit: how long a step may take before it counts as broken.
        clock: the time.
        rng: chance, for jitter.
        worker: who is written into the history.
        tell: called with every transition once it is durable.
        rests: called right before with a journey that has come to rest with the last of them, as it is stored.
    """

    landing_delay: timedelta = timedelta(seconds=30)
    backoff: Backoff = field(default_factory=Backoff)
    poll_every: timedelta | None = None
    cooldown: timedelta | None = None
    step_limit: timedelta = timedelta(minutes=2)
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.Random)
    worker: str = "engine"
    tell: Callable[[Event], Any] | None = None
    rests: Callable[[Stored], None] | None = None
