"""A journal that cannot be read: opened with another key, and with damaged data."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

from onboarding.engine import Journey
from onboarding.journal import Keyring
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.secrecy.files import damage

__all__ = ["error_of_other_keys", "errors_of_ruins"]

_MOST = 5


async def errors_of_ruins(journal: Path, settings: Settings, journeys: list[Journey], api: Any) -> list[BaseException]:
    """What is raised to whoever asks for journeys of a journal with another key, then of one that is damaged."""
    other = settings.model_copy(update={"keys": [Keyring.generate_key()]})
    errors = await error_of_other_keys(other)

    async def fails(asking: Awaitable[Any]) -> None:
        try:
            await asking
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            errors.append(error)

    damage(journal)
    async with _opened(settings, api) as onboarding:
        for journey in journeys[:_MOST]:
            await fails(onboarding.get(journey.id))
            await fails(onboarding.history(journey.id))
        await fails(onboarding.drain())
    return errors


async def error_of_other_keys(settings: Settings) -> list[BaseException]:
    """What is raised to whoever opens a journal with settings that hold another key."""
    try:
        async with _opened(settings, None):
            pass
    except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
        return [error]
    return []


@contextlib.asynccontextmanager
async def _opened(settings: Settings, api: Any) -> AsyncIterator[Onboarding]:
    async with Onboarding(settings, worker=False, api=api) as onboarding:
        yield onboarding
