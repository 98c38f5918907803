"""Two processes that make one journal at the same moment agree on its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from onboarding.journal import MemoryJournal, create_key_file
from onboarding.keys import key_file_of, keyring_for, pepper_of
from onboarding.settings import Settings

pytestmark = pytest.mark.anyio


class Overtaken(MemoryJournal):
    """A journal in a file, as another process makes its keys and seals with them right before it is looked at."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    @property
    def place(self) -> str:
        return "/somewhere/journal.db"

    async def meta(self, name: str) -> bytes | None:
        if await super().meta(name) is None:
            await pepper_of(super(), create_key_file(key_file_of(self._settings)))  # type: ignore[arg-type]
        return await super().meta(name)


async def test_the_keys_that_another_process_has_just_made_are_taken(tmp_path: Path) -> None:
    settings = Settings(journal=f"sqlite:///{tmp_path}/private/journal.db")
    journal = Overtaken(settings)
    await journal.open()
    keyring = await keyring_for(journal, settings)
    assert len(await pepper_of(journal, keyring)) == 32
