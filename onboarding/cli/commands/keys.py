"""``keys``: the keys that seal the journal's data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from onboarding.cli.failure import say
from onboarding.errors import JournalBusy, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from onboarding.journal import Journal
    from onboarding.settings import Settings

__all__ = ["keys_app"]

keys_app = typer.Typer(
    help="Make or change the keys that seal the journal's data.", add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@keys_app.command("new")
def new(
    context: typer.Context,
    printed: Annotated[
        bool, typer.Option("--print", help="Print a fresh key for ONBOARDING_KEYS instead of making a key file.")
    ] = False,
) -> None:
    """Make the journal's key file if there is none, and print its path."""
    from onboarding.journal import Keyring, load_key_file
    from onboarding.keys import key_file_of

    if printed:
        print(Keyring.generate_key())
        return
    settings = context.obj.settings()
    if settings.keys:
        raise SettingsError("the keys are given in ONBOARDING_KEYS, so no key file is used; --print makes a fresh key")
    path = key_file_of(settings)
    if made := not (path.exists() or path.is_symlink()):
        asyncio.run(_make(settings, path))
    else:
        load_key_file(path)
    say("a new key file; keep a copy apart from the journal's backups" if made else "the key file was there already")
    print(path)


@keys_app.command("rotate")
def rotate(context: typer.Context) -> None:
    """Seal the journal under a new key, and drop the old ones. Stopped anywhere, it is simply run again.

    Everything else that uses the journal must be stopped. Where the keys are given in ONBOARDING_KEYS, the journal
    is sealed under the first of them, and the others may then be dropped there.
    """
    asyncio.run(_rotate(context.obj.settings()))


async def _make(settings: Settings, path: Path) -> None:
    """Make the key file; a sealed journal is never given other keys."""
    from onboarding.cli.place import journal_is_there
    from onboarding.journal import create_key_file, open_journal
    from onboarding.keys import keyring_for

    if journal_is_there(settings, makes=True):
        journal = open_journal(settings.journal_url, waits=False)
        await journal.open()
        try:
            await keyring_for(journal, settings)
        finally:
            await journal.close()
    else:
        create_key_file(path)


async def _rotate(settings: Settings) -> None:
    from onboarding.cli.place import journal_is_there
    from onboarding.journal import open_journal

    journal_is_there(settings, makes=False)
    journal = open_journal(settings.journal_url, waits=False)
    await journal.open()
    try:
        if await journal.is_attended() or not await journal.own():
            raise JournalBusy(
                f"another process advances the journeys of {journal.place}, with the keys as they are: stop it "
                "(onboarding worker), rotate, then start it again"
            )
        if settings.keys:
            await _rotate_given(journal, settings)
        else:
            await _rotate_file(journal, settings)
    finally:
        await journal.close()


async def _rotate_given(journal: Journal, settings: Settings) -> None:
    """Under the first of the keys given; this program cannot change where they come from."""
    from onboarding.journal import Keyring, rotate
    from onboarding.keys import pepper_of

    keyring = Keyring(settings.keys)
    await pepper_of(journal, keyring)
    sealed = await rotate(journal, keyring)
    primary, *others = keyring.ids
    print(f"{sealed} values sealed anew; all is under the first key of ONBOARDING_KEYS, {primary}")
    if others:
        print(f"these are not needed any more, and may be dropped from ONBOARDING_KEYS: {', '.join(others)}")
    else:
        say("to change the key, put a new one (onboarding keys new --print) in front, and run this again")


async def _rotate_file(journal: Journal, settings: Settings) -> None:
    """A new key first, everything under it, then the old keys away: so it can be stopped anywhere."""
    from onboarding.journal import add_primary_key, drop_old_keys, rotate
    from onboarding.keys import key_file_of, keyring_for, pepper_of

    path = key_file_of(settings)
    keyring = await keyring_for(journal, settings)
    await pepper_of(journal, keyring)
    # More than one key: a rotation was stopped half-way, and its new key is there already.
    if len(keyring.ids) == 1:
        keyring = add_primary_key(path)
    sealed = await rotate(journal, keyring)
    drop_old_keys(path)
    # Somebody may have started a journey under an old key just now: this keyring still opens it.
    sealed += await rotate(journal, keyring)
    print(f"{sealed} values sealed anew under the key {keyring.ids[0]}; the old keys are dropped from {path}")
