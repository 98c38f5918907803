"""Who asks the counterpart: a client by itself, or an engine with one flow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from onboarding.api import AccountApi
from onboarding.journal import Keyring, MemoryJournal
from onboarding.machine import Flow
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.answers.counterpart import Counterpart

__all__ = ["PATIENCE", "caller", "engine", "settings"]

PATIENCE = 10.0
"""Seconds of real time, far more than anything here takes."""
_KEYS = [SecretStr(Keyring.generate_key())]


def caller(url: str, timeout: float = PATIENCE, **more: Any) -> AccountApi:
    """A client of the service at ``url``; a call may take so many seconds."""
    return AccountApi(url, tenant_id="T001117", token="verify", timeout=timeout, **more)  # noqa: S106


def settings(**more: Any) -> Settings:
    """Of an engine whose journal is gone with it: every one has the same keys, so that one can follow another."""
    return Settings.model_construct(journal="memory://", keys=_KEYS, **more)


@asynccontextmanager
async def engine(
    service: Counterpart,
    flow: type[Flow],
    clock: VirtualClock,
    journal: MemoryJournal | None = None,
    **more: Any,
) -> AsyncIterator[Onboarding]:
    """An engine that advances when it is told to.

    Args:
        service: what it takes for the broker.
        flow: the only one.
        clock: the time.
        journal: without, a new one.
        more: settings.
    """
    async with (
        caller(service.url) as api,
        Onboarding(
            settings(**more), flows=[flow], worker=False, api=api, journal=journal or MemoryJournal(), clock=clock
        ) as onboarding,
    ):
        yield onboarding
